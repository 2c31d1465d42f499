import { expect, it } from 'vitest';
import { type Delivery, QueueConsumer } from '../../src/jetstream/consumer.js';
import { eventually } from '../support/eventually.js';
import { ownStream } from '../support/own-stream.js';

const MESSAGES = 10;

/** A consumer of a stream of its own, with some messages in it, and a connection beside it. */
async function setup() {
  const { name, config, service, beside, manager } = await ownStream();
  const consumer = new QueueConsumer(service);
  for (let index = 0; index < MESSAGES; index++) await beside.jetstream().publish(config.subject, String(index));
  const taken: Delivery[] = [];
  const take = (delivery: Delivery) => void taken.push(delivery);
  return { name, manager, consumer, taken, take };
}

it('takes no more than there is room for, until there is none', async () => {
  const { name, manager, consumer, taken, take } = await setup();
  const rooms = [3, 4, 0];
  await consumer.deliver(() => Promise.resolve(rooms.shift()!), take);
  expect(taken.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  const { num_ack_pending: pending } = await manager.consumers.info(name, 'sender');
  expect(pending).toBe(7);
});

it('confirms that deliveries are done for good', async () => {
  const { name, manager, consumer, taken, take } = await setup();
  const rooms = [MESSAGES, 0];
  await consumer.deliver(() => Promise.resolve(rooms.shift()!), take);
  await consumer.ack(taken);
  expect((await manager.streams.info(name)).state.messages).toBe(0);
});

it('ends when it is stopped, and when the consumer is gone', async () => {
  const { name, manager, consumer, taken, take } = await setup();
  const deliver = () => consumer.deliver(() => Promise.resolve(2 * MESSAGES), take);
  const untilGone = deliver();
  await eventually(() => taken.length === MESSAGES, 10_000, 'the messages');
  await manager.consumers.delete(name, 'sender');
  await untilGone;
  // The next call makes the consumer anew, which has all of them again.
  let rooms = 1;
  const untilStopped = consumer.deliver(() => Promise.resolve(rooms-- > 0 ? 2 * MESSAGES : 0), take);
  await eventually(() => taken.length === 2 * MESSAGES, 10_000, 'the messages again');
  consumer.stop();
  await untilStopped;
});
