import type { CrashPoint } from '../../src/runtime/crash-point.js';

/** A client without an Idempotency-Key; what is stored of what it never hears of. */
export const UNANSWERED: {
  point: CrashPoint;
  of: string;
  submissions: number;
  messages: number;
  size: number;
  left: number;
}[] = [
  { point: 'ingest.store', of: 'a shared commit', submissions: 8, messages: 1, size: 1, left: 0 },
  { point: 'ingest.store', of: 'a commit of several statements', submissions: 1, messages: 11, size: 1_000, left: 0 },
  { point: 'ingest.commit', of: 'a submission', submissions: 1, messages: 2, size: 100, left: 200 },
];

interface DispatcherStep {
  point: CrashPoint;
  count: number;
  /** Whether it dies with leases; null: perhaps with those of other loads. */
  isLeased: boolean | null;
  /** Publishes of the dead process, at least; 0: none. */
  published: number;
  env?: Record<string, string>;
}

export const BATCH_SIZE = 50;
export const DISPATCHER: DispatcherStep[] = [
  { point: 'dispatcher.look', count: 1, isLeased: false, published: 0 },
  { point: 'dispatcher.claim', count: 1, isLeased: true, published: 0 },
  // Room for two batches and a part.
  { point: 'dispatcher.split', count: 1, isLeased: true, published: 0, env: { QUEUE_HIGH_WATER: '130' } },
  { point: 'dispatcher.load', count: 1, isLeased: true, published: 0 },
  { point: 'dispatcher.publish', count: 30, isLeased: true, published: 30 },
  { point: 'dispatcher.ack', count: 2, isLeased: true, published: 2 * BATCH_SIZE },
  { point: 'dispatcher.mark', count: 2, isLeased: true, published: 2 * BATCH_SIZE },
  { point: 'dispatcher.settle', count: 2, isLeased: null, published: 2 * BATCH_SIZE },
];

interface SenderStep {
  point: CrashPoint;
  count: number;
  /** What is claimed and has no outcome; `taken`: the provider has some of it. Null: perhaps that of other groups. */
  inHand: 'nothing' | 'unsent' | 'taken' | null;
}

export const SENDER_CONCURRENCY = 16;
export const SENDER: SenderStep[] = [
  { point: 'sender.keep', count: 1, inHand: null },
  { point: 'sender.token', count: 1, inHand: 'nothing' },
  { point: 'sender.judge', count: 1, inHand: 'nothing' },
  { point: 'sender.claim', count: 1, inHand: 'unsent' },
  { point: 'sender.send', count: 20, inHand: 'taken' },
  { point: 'sender.outcome', count: 1, inHand: 'taken' },
  { point: 'sender.record', count: 3, inHand: null },
  { point: 'sender.ack', count: 3, inHand: null },
];
