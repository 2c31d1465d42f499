import { randomBytes } from 'node:crypto';
import { connect } from 'nats';
import { expect, it, onTestFinished } from 'vitest';
import type { NatsConfig } from '../../src/config/nats.config.js';
import { type Delivery, QueueConsumer } from '../../src/jetstream/consumer.js';
import { JetStreamService } from '../../src/jetstream/jetstream.service.js';
import { eventually } from '../support/eventually.js';
import { required } from '../support/stack.js';

const MESSAGES = 10;

/** A consumer of a stream of its own, with some messages in it, and a connection beside it. */
async function setup() {
  const servers = required('TEST_NATS_URL');
  const name = `consumer_${randomBytes(6).toString('hex')}`;
  const config = {
    servers: [servers],
    stream: name,
    subject: name,
    consumer: 'sender',
    maxBytes: 1024 * 1024,
    replicas: 1,
    tls: false,
    caFile: null,
    credsFile: null,
  } as unknown as NatsConfig;
  const service = new JetStreamService(config);
  service.onApplicationBootstrap();
  onTestFinished(() => service.onApplicationShutdown());
  const consumer = new QueueConsumer(service);
  await eventually(() => consumer.isReady, 10_000, 'the stream');
  const beside = await connect({ servers });
  const manager = await beside.jetstreamManager();
  onTestFinished(async () => {
    await manager.streams.delete(name).catch(() => false);
    await beside.close();
  });
  for (let index = 0; index < MESSAGES; index++) await beside.jetstream().publish(name, String(index));
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
