import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  NatsError,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';
import type { NatsConfig } from '../config/nats.config.js';

/** Four leases of 30 s: a batch that is published again after its lease ended finds its ids still known. */
const DUPLICATE_WINDOW_MS = 120_000;

/** A message is delivered again this long after a sender took it and was not heard of. */
export const ACK_WAIT_MS = 30_000;
/** Above all senders' prefetched messages together; JetStream stops delivering at this mark. */
const MAX_ACK_PENDING = 20_000;

const STREAM_NOT_FOUND = 10059;

/** A stream or consumer of our name exists with a policy under which mail could be lost or sent twice. */
export class StreamPolicyError extends Error {}

/** Creates the stream, or updates what may be changed; throws `StreamPolicyError` on one that is not ours. */
export async function ensureStream(connection: NatsConnection, config: NatsConfig): Promise<void> {
  const manager = await connection.jetstreamManager();
  const wanted = {
    name: config.stream,
    subjects: [config.subject],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: config.maxBytes,
    num_replicas: config.replicas,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  } satisfies Partial<StreamConfig>;
  const found = await findStream(manager, config.stream);
  if (!found) {
    await manager.streams.add(wanted);
    return;
  }
  const faults = foreignSettings(found, config);
  if (faults.length > 0) {
    throw new StreamPolicyError(
      `stream "${config.stream}" exists with ${faults.join(', ')}; it is not used. ` +
        `Drain it, then remove it with: nats stream rm ${config.stream} -- or set NATS_STREAM to another name`,
    );
  }
  const isCurrent =
    found.max_bytes === wanted.max_bytes &&
    found.num_replicas === wanted.num_replicas &&
    found.duplicate_window === wanted.duplicate_window;
  if (!isCurrent) await manager.streams.update(config.stream, { ...found, ...wanted });
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === STREAM_NOT_FOUND) return null;
    throw error;
  }
}

function foreignSettings(found: StreamConfig, config: NatsConfig): string[] {
  const faults: string[] = [];
  if (found.retention !== RetentionPolicy.Workqueue) faults.push(`retention ${found.retention} instead of workqueue`);
  if (found.storage !== StorageType.File) faults.push(`storage ${found.storage} instead of file`);
  if (found.discard !== DiscardPolicy.New) faults.push(`discard ${found.discard} instead of new`);
  if (found.max_age > 0) faults.push('a max_age');
  if (found.max_msgs > 0) faults.push('a max_msgs');
  if (found.max_msgs_per_subject > 0) faults.push('a max_msgs_per_subject');
  const subjects = found.subjects ?? [];
  if (subjects.length !== 1 || subjects[0] !== config.subject) faults.push(`subjects ${subjects.join(' ')}`);
  return faults;
}

/** Our sender's durable pull consumer. A work queue takes one: another's is named in the error. */
export async function ensureConsumer(connection: NatsConnection, config: NatsConfig): Promise<void> {
  const manager = await connection.jetstreamManager();
  const wanted = {
    durable_name: config.consumer,
    filter_subject: config.subject,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    // Attempts are counted in the ledger; at a limit here a message would stay in the stream undelivered.
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  } satisfies Partial<ConsumerConfig>;
  const consumers = await manager.consumers.list(config.stream).next();
  const others = consumers.filter(({ name }) => name !== config.consumer).map(({ name }) => name);
  if (others.length > 0) {
    throw new StreamPolicyError(
      `stream "${config.stream}" belongs to the consumer ${others.join(', ')}; a work queue takes one kind of sender. ` +
        `Remove it with: nats consumer rm ${config.stream} ${others[0]} -- or set EXTERNAL_SENDER=true and stop this sender`,
    );
  }
  await manager.consumers.add(config.stream, wanted);
}

/** The stream at a moment: whether it is the one it was, and what it still holds. */
export interface StreamLook {
  createdAt: Date;
  /** Of the last message that it ever took. */
  lastSequence: number;
  /** When the oldest message came that is not done with, by the server's clock; null without one. */
  oldestAt: Date | null;
  /** Our sender takes from it, and nobody else. */
  isOurSenders: boolean;
}

export async function lookAtStream(connection: NatsConnection, config: NatsConfig): Promise<StreamLook> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const consumers = await manager.consumers.list(config.stream).next();
  const { created, state } = await manager.streams.info(config.stream);
  return {
    createdAt: new Date(created),
    lastSequence: state.last_seq,
    oldestAt: state.messages === 0 ? null : new Date(state.first_ts),
    isOurSenders: consumers.length === 1 && consumers[0].name === config.consumer,
  };
}

interface Backlog {
  /** That wait in the stream or are with a sender. Without a consumer nobody took any yet, and all of the stream's count. */
  messages: number;
  /** All that the stream holds, and their bytes. */
  stored: number;
  bytes: number;
}

export async function readBacklog(connection: NatsConnection, config: NatsConfig): Promise<Backlog> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const [consumers, { state }] = await Promise.all([
    manager.consumers.list(config.stream).next(),
    manager.streams.info(config.stream),
  ]);
  const waiting = consumers.reduce((sum, { num_pending, num_ack_pending }) => sum + num_pending + num_ack_pending, 0);
  return {
    messages: consumers.length === 0 ? state.messages : waiting,
    stored: state.messages,
    bytes: state.bytes,
  };
}
