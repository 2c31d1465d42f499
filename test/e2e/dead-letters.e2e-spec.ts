import { headers as natsHeaders } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Stack } from '../support/stack.js';

const GOOD = 50;

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start();
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

function headersOf(version: string, contentType: string) {
  const headers = natsHeaders();
  headers.set('Payload-Version', version);
  headers.set('Content-Type', contentType);
  return headers;
}

it('what nobody can read is kept with its reason and leaves the stream; mail beside it is sent, a later version waits', async () => {
  const gateway = await stack.gateway();
  const sender = await stack.sender();
  const jetstream = stack.nats.jetstream();
  const subject = `${stack.name}.email`;
  const unreadable = [
    { payload: Buffer.from('just a text'), headers: natsHeaders(), reason: 'no Payload-Version' },
    { payload: Buffer.from([0xc1, 0, 0xff]), headers: headersOf('1', 'application/msgpack'), reason: '' },
    { payload: Buffer.from('{"uuid":'), headers: headersOf('1', 'application/json'), reason: 'JSON' },
    {
      payload: Buffer.from('{"uuid":"{1,2}","message_id":"x"}'),
      headers: headersOf('1', 'application/json'),
      reason: 'no id',
    },
  ];
  for (const { payload, headers } of unreadable) await jetstream.publish(subject, payload, { headers });
  await jetstream.publish(subject, '{}', { headers: headersOf('9', 'application/json') });
  const emails = Array.from({ length: GOOD }, (_, index) => `good${index}@example.com`);
  await stack.post(gateway, { messages: [{ topic_id: 'good', emails, subject: 'x', content: '<p>x</p>' }] });

  await eventually(() => stack.sink.mails.length === GOOD, 30_000, 'the good mails');
  const kept = () => stack.query<{ payload: Buffer; reason: string }>('SELECT * FROM dead_letters ORDER BY sequence');
  await eventually(async () => (await kept()).length === unreadable.length, 30_000, 'all that is unreadable');
  const rows = await kept();
  expect(rows.map(({ payload }) => payload)).toEqual(unreadable.map(({ payload }) => payload));
  for (const [index, { reason }] of unreadable.entries()) expect(rows[index].reason).toContain(reason);
  const manager = await stack.nats.jetstreamManager();
  const left = async () => (await manager.streams.info(stack.name)).state.messages;
  await eventually(async () => (await left()) === 1, 30_000, 'the one of a later version alone');
  expect(sender.output).toContain('unknown payload version');
});
