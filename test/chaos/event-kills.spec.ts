import { afterAll, beforeAll, expect, it } from 'vitest';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { reportPromise } from '../support/promise-report.js';
import { sesEvent } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const KILLS = ofFullRun(10);
const ANSWERED_PER_KILL = 10;
const POSTED_PER_KILL = 30;

const sns = new SnsTopic();
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start({ env: { EXTERNAL_SENDER: 'true', ...sns.env } });
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
  sns.close();
});

async function submit(gateway: Gateway, topicId: string, addresses: string[]): Promise<string[]> {
  const message = { topic_id: topicId, emails: addresses, subject: 'x', content: '<p>x</p>' };
  const response = await stack.post(gateway, { messages: [message] }, { prefer: 'return=representation' });
  return ((await response.json()) as { messages: { email_ids: string[] }[] }).messages[0].email_ids;
}

/** Posts them all at once and kills the gateway at the answer that makes it enough. Returns the indexes answered 200. */
async function killAtAnswer(gateway: Gateway, bodies: readonly string[]): Promise<number[]> {
  const answered: number[] = [];
  const post = async (body: string, index: number) => {
    const status = await sns.post(gateway.url, body).catch(() => 0);
    if (status !== 200) return;
    answered.push(index);
    if (answered.length === ANSWERED_PER_KILL) gateway.signal('SIGKILL');
  };
  await Promise.all(bodies.map(post));
  await gateway.exited;
  return answered;
}

it(`an event that was answered 200 survives a kill right after the answer: ${KILLS * ANSWERED_PER_KILL} events`, async () => {
  let survived = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const gateway = await stack.gateway();
    const topicId = `kill-${kill}`;
    const addresses = recipients(POSTED_PER_KILL, `${topicId}-`);
    const ids = await submit(gateway, topicId, addresses);
    // Every other time at once, so that some are answered as events that wait for their email.
    const isDispatched = async () => (await stack.topic(gateway, topicId)).states.pending === 0;
    if (kill % 2 === 0) await eventually(isDispatched, 10_000, 'the dispatch');
    const bodies = ids.map((id, index) =>
      sns.notification(sesEvent(id, addresses[index], { type: 'Delivery', second: 1, flag: false })),
    );
    const answered = await killAtAnswer(gateway, bodies);
    expect(answered.length).toBeGreaterThanOrEqual(ANSWERED_PER_KILL);
    const again = await stack.gateway();
    for (const index of answered) {
      const find = () => stack.get<{ state: string; events: { type: string }[] }>(again, `/v1/emails/${ids[index]}`);
      // What the killed dispatcher held is free again when its lease ends.
      await eventually(async () => (await find()).state === 'delivered', 60_000, `the Delivery of ${ids[index]}`);
      expect((await find()).events.map(({ type }) => type)).toEqual(['Delivery']);
      survived += 1;
    }
    await again.stop();
  }
  reportPromise({
    promise: 'P33',
    under: 'kill -9 of a gateway right after the answer to an event',
    promised: 'what was answered 200 is there',
    stream: null,
    provider: null,
    ledger: `${survived} events answered, 0 lost`,
    recipients: KILLS * POSTED_PER_KILL,
    kills: KILLS,
    seed: null,
  });
});
