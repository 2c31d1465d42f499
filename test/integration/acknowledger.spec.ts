import { randomBytes } from 'node:crypto';
import { AckPolicy, connect, RetentionPolicy } from 'nats';
import { expect, it, onTestFinished } from 'vitest';
import { Acknowledger } from '../../src/jetstream/acknowledger.js';
import { required } from '../support/stack.js';

const MESSAGES = 100;

/** A work queue with some messages, and where each of them wants its answer. */
async function setup() {
  const connection = await connect({ servers: required('TEST_NATS_URL') });
  const manager = await connection.jetstreamManager();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await manager.streams.add({ name, subjects: [name], retention: RetentionPolicy.Workqueue });
  onTestFinished(async () => {
    await manager.streams.delete(name).catch(() => false);
    await connection.close();
  });
  await manager.consumers.add(name, { durable_name: 'sender', ack_policy: AckPolicy.Explicit });
  const client = connection.jetstream();
  for (let index = 0; index < MESSAGES; index++) await client.publish(name);
  const replies: string[] = [];
  const consumer = await client.consumers.get(name, 'sender');
  for await (const message of await consumer.fetch({ max_messages: MESSAGES })) {
    replies.push((message as typeof message & { readonly reply: string }).reply);
  }
  return { connection, manager, name, replies };
}

it('resolves when the server has taken the acknowledgements, all of a group with its last', async () => {
  const { connection, manager, name, replies } = await setup();
  const acknowledger = new Acknowledger(connection);
  await Promise.all([replies.slice(0, 1), replies.slice(1)].map((group) => acknowledger.ack(group)));
  const { state } = await manager.streams.info(name);
  expect([replies.length, state.messages]).toEqual([MESSAGES, 0]);
});

it('rejects where nobody takes them any more', async () => {
  const { connection, manager, name, replies } = await setup();
  await manager.streams.delete(name);
  await expect(new Acknowledger(connection).ack(replies.slice(0, 2))).rejects.toThrow('there is no such consumer');
});
