import type { Variables } from '../compose/variables.js';
import { CODE, type State } from '../contracts/states.js';
import type { SuppressionReason } from '../suppressions/suppression.entity.js';

/**
 * What the ledger says to a sender that holds a stream message: `send` it (it is claimed), `stop` (its topic was
 * stopped or its person is being erased, which is recorded), `expire` (too late, recorded), `suppress` (nothing is sent to its address, recorded),
 * `hold` (its topic is paused; it went back to the ledger), `done` (final or of an older generation), `in_flight`
 * (another claim has it),
 * `not_settled` (published, and the dispatcher's record of it not yet committed), `unknown` (not in the ledger).
 */
export type Verdict =
  'send' | 'stop' | 'expire' | 'suppress' | 'hold' | 'done' | 'in_flight' | 'not_settled' | 'unknown';

/** Where the claim brings an email that was dispatched; other verdicts change nothing. */
export const STATE_OF_VERDICT: Partial<Record<Verdict, State>> = {
  send: 'sending',
  stop: 'stopped',
  expire: 'expired',
  suppress: 'suppressed',
  hold: 'pending',
};

export interface ClaimedEmail {
  id: string;
  verdict: Verdict;
  address: string;
  /** Bits of contracts/tracking-bits.ts; null: as its message. */
  tracking: number | null;
  variables: Variables | null;
  batchId: string;
  messageId: string;
  topicId: string;
  /** The number of this attempt, which fences its outcome against those of earlier ones. */
  attempt: number;
}

/** A row of `emails.lock_for_sending`. */
export interface EmailToSend {
  id: string;
  address: string;
  tracking: number | null;
  variables: Variables | null;
  attempts: number;
  state: number | null;
  batch_id: string | null;
  /** By topic; the empty one is all mail. */
  blocks: Record<string, SuppressionReason> | null;
  is_erased: boolean;
}

/** A row of `batches.judge_ranges` or `batches.judge_by_id`. */
export interface JudgedBatch {
  id: string;
  message_id: string;
  topic_id: string;
  generation: number;
  verdict: Verdict;
}

/** `generation`: of the delivery. */
export function verdictOf(email: EmailToSend, batch: JudgedBatch | undefined, generation: number): Verdict {
  if (!batch || batch.verdict === 'unknown' || generation > batch.generation) return 'unknown';
  if (generation < batch.generation) return 'done';
  if (email.state !== null) return email.state === CODE.sending ? 'in_flight' : 'done';
  const isWanted = batch.verdict === 'send' || batch.verdict === 'hold';
  if (isWanted && email.is_erased) return 'stop';
  return isWanted && blockOf(email, batch) !== null ? 'suppress' : batch.verdict;
}

/** The suppression of all mail comes first. A topic may have any name, those of an object's own members too. */
export function blockOf({ blocks }: EmailToSend, { topic_id: topicId }: JudgedBatch): SuppressionReason | null {
  if (blocks === null) return null;
  if (Object.hasOwn(blocks, '')) return blocks[''];
  return Object.hasOwn(blocks, topicId) ? blocks[topicId] : null;
}
