import { AckPolicy, connect } from 'nats';

/** Larger and smaller pulls are no faster (bench/README.md). */
const MAX_MESSAGES = 1_000;

/**
 * Takes what is in a stream and acknowledges it without waiting for an answer: what this client can do. Writes a line
 * at the given counts, and ends after the last.
 */
const { NATS_URL: servers = '', NATS_STREAM: stream = '', COUNTS: counts = '' } = process.env;
const wanted = counts.split(' ').map(Number);
const connection = await connect({ servers });
const manager = await connection.jetstreamManager();
await manager.consumers.add(stream, { durable_name: 'bare', ack_policy: AckPolicy.Explicit, max_ack_pending: 20_000 });
const consumer = await connection.jetstream().consumers.get(stream, 'bare');
const messages = await consumer.consume({ max_messages: MAX_MESSAGES });
let taken = 0;
for await (const message of messages) {
  message.ack();
  if (++taken < wanted[0]) continue;
  await connection.flush();
  process.stdout.write(`${wanted.shift()}\n`);
  if (wanted.length === 0) break;
}
await manager.consumers.delete(stream, 'bare');
await connection.close();
