import { ERASED_ADDRESS } from '../contracts/address.js';
import { type State, stateOf } from '../contracts/states.js';
import { TRACKS_OPENS } from '../contracts/tracking-bits.js';
import type { BatchesInOrder } from '../messages/batches-in-order.js';

/** An email as the events of one transaction find it and leave it. */
export interface EmailUnderEvents {
  id: string;
  address: string;
  topicId: string;
  batchId: string;
  batchEpoch: number;
  state: State;
  /** The state is the batch's: the email leaves the batch when it is raised. */
  isAsBatch: boolean;
  isTracked: boolean;
  /** When it was sent, or else published; null before. */
  outAt: Date | null;
  /** When a sender claimed it last. */
  claimedAt: Date | null;
  /** Bits of contracts/event-types.ts. */
  events: number;
  /** Its address has transient bounces in a row, which a delivery ends. */
  hasSoftBounces: boolean;
  /** Its person was erased: what is reported of it is not stored. */
  isErased: boolean;
}

export interface EmailRow {
  id: string;
  address: string;
  state: number | null;
  events: number;
  /** Null: by its range. */
  batch_id: string | null;
  tracking: number | null;
  sent_at: Date | null;
  claimed_at: Date | null;
  has_soft_bounces: boolean;
}

export interface BatchRow {
  id: string;
  state: number;
  epoch: number;
  topic_id: string;
  dispatched_at: Date | null;
  track_opens: boolean;
}

/** Emails in the order of their ids, with their batches. One without a batch is left out. */
export function underEvents(
  emails: readonly EmailRow[],
  batches: BatchesInOrder<BatchRow>,
): Map<string, EmailUnderEvents> {
  return new Map(
    emails.flatMap((email) => {
      const batch = batches.of(email);
      return batch === undefined ? [] : [[email.id, emailUnderEvents(email, batch)]];
    }),
  );
}

function emailUnderEvents(email: EmailRow, batch: BatchRow): EmailUnderEvents {
  return {
    id: email.id,
    address: email.address,
    topicId: batch.topic_id,
    batchId: batch.id,
    batchEpoch: batch.epoch,
    state: stateOf(email.state ?? batch.state),
    isAsBatch: email.state === null,
    isTracked: email.tracking === null ? batch.track_opens : (email.tracking & TRACKS_OPENS) !== 0,
    outAt: email.sent_at ?? batch.dispatched_at,
    claimedAt: email.claimed_at,
    events: email.events,
    hasSoftBounces: email.has_soft_bounces,
    isErased: email.address === ERASED_ADDRESS,
  };
}
