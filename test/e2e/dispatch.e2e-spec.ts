import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { API_KEY, recipients, Stack } from '../support/stack.js';

const HIGH_WATER = 2_500;

async function setup(env: Record<string, string> = {}) {
  const stack = await Stack.start({
    env: { EXTERNAL_SENDER: 'true', NATS_PAYLOAD_FORMAT: 'json', QUEUE_HIGH_WATER: String(HIGH_WATER), ...env },
  });
  onTestFinished(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });
  const gateway = await stack.gateway();
  const manager = await stack.nats.jetstreamManager();
  const state = async () => (await manager.streams.info(stack.name)).state;
  const submit = async (messages: object[]) => {
    const response = await stack.post(gateway, { messages }, { prefer: 'return=representation' });
    expect(response.status).toBe(200);
    return (await response.json()) as { messages: { email_ids: string[] }[] };
  };
  return { stack, gateway, manager, state, submit };
}

const message = (emails: string[], extras: object = {}) => ({
  topic_id: 'dispatch',
  subject: 'Hello',
  content: '<p>Hello</p>',
  emails,
  ...extras,
});

it('never lets more into the stream than may wait in it, though it claims ahead', async () => {
  const { stack, manager, state, submit } = await setup();
  const messages = 12;
  await submit(Array.from({ length: messages }, (_, index) => message(recipients(1_000, `high-${index}-`))));
  let most = 0;
  const taken = async (count: number) => {
    await eventually(
      async () => {
        const { messages: waiting, last_seq: stored } = await state();
        most = Math.max(most, waiting);
        return stored >= count;
      },
      30_000,
      `${count} in the stream`,
    );
  };
  for (let count = HIGH_WATER; count <= 4 * HIGH_WATER; count += HIGH_WATER) {
    await taken(count);
    await manager.streams.purge(stack.name);
  }
  await taken(messages * 1_000);
  expect(most).toBeLessThanOrEqual(HIGH_WATER);
  expect((await state()).last_seq).toBe(messages * 1_000);
});

it('gives each email its own id, also where others have left its batch', async () => {
  const { stack, gateway, manager, state, submit } = await setup();
  const addresses = { whole: recipients(20, 'whole-'), left: recipients(20, 'left-') };
  const answer = await submit([
    message(addresses.whole),
    message(addresses.left, { scheduled_at: new Date(Date.now() + 3_000).toISOString() }),
  ]);
  const [whole, left] = answer.messages.map(({ email_ids }) => email_ids);
  for (const id of [left[0], left[7]]) {
    const cancelled = await fetch(`${gateway.url}/v1/emails/${id}/cancel`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY },
    });
    expect(cancelled.status).toBe(200);
  }
  await eventually(async () => (await state()).messages === 38, 10_000, '38 emails in the stream');
  const published: Record<string, string> = {};
  for (let seq = 1; seq <= 38; seq++) {
    const { data } = await manager.streams.getMessage(stack.name, { seq });
    const { uuid, email } = JSON.parse(Buffer.from(data).toString()) as { uuid: string; email: string };
    published[uuid] = email;
  }
  const expected = [
    ...whole.map((id, index) => [id, addresses.whole[index]]),
    ...left.map((id, index) => [id, addresses.left[index]]).filter(([id]) => id !== left[0] && id !== left[7]),
  ];
  expect(published).toEqual(Object.fromEntries(expected));
});
