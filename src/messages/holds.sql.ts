import { CODE } from '../contracts/states.js';

/**
 * Holds what is pending of a topic and not leased at this moment; what is leased is held by the dispatcher's next
 * claim or by the sender's. Parameters: topic.
 */
export const HOLD_PENDING = `/* holds.hold_pending */
  UPDATE batches SET claim_at = 'infinity'
  WHERE topic_id = $1 AND state = ${CODE.pending} AND lease_owner IS NULL AND claim_at < 'infinity'`;

/** Parameters: ids of leased batches. */
export const HOLD_LEASED = `/* holds.hold_leased */
  UPDATE batches SET claim_at = 'infinity', lease_owner = NULL WHERE id = ANY ($1::uuid[])`;

/**
 * What a pause held of a topic is due again: at its schedule, and the batches of a message one millisecond apart, so
 * that messages take turns as they do when they are accepted. Parameters: topic.
 */
export const RELEASE_HELD = `/* holds.release */
  UPDATE batches b SET claim_at = held.claim_at
  FROM (
    SELECT h.id, greatest(coalesce(h.scheduled_at, m.scheduled_at), now())
      + (row_number() OVER (PARTITION BY h.message_id ORDER BY h.id) - 1) * interval '1 millisecond' AS claim_at
    FROM batches h LEFT JOIN messages m ON m.id = h.message_id
    WHERE h.topic_id = $1 AND h.state = ${CODE.pending} AND h.claim_at = 'infinity'
  ) AS held
  WHERE b.id = held.id AND b.topic_id = $1 AND b.state = ${CODE.pending} AND b.claim_at = 'infinity'`;

/**
 * Those of the topics that are paused, shared until the transaction ends: a resume waits for it, and then finds what
 * was held in it. Parameters: topics.
 */
export const LOCK_PAUSED = `/* holds.lock_paused */
  SELECT topic_id FROM topics WHERE topic_id = ANY ($1::text[]) AND paused_at IS NOT NULL
  ORDER BY topic_id FOR SHARE`;

/** The same without waiting for a pause, a resume or a stop that is under way. Parameters: topics. */
export const TRY_LOCK_PAUSED = `${LOCK_PAUSED} SKIP LOCKED`;
