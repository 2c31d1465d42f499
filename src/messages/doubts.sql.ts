import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/**
 * Pending batches that may have been dispatched by a moment: they were accepted and due by then, or leased. Locked, after an id, so many as
 * hold ten thousand emails together. Parameters: moment, id.
 */
export const LOCK_PENDING = `/* doubts.lock_pending */
  WITH due AS (
    SELECT b.id, b.topic_id, b.size FROM batches b LEFT JOIN messages m ON m.id = b.message_id
    WHERE b.state = ${CODE.pending} AND b.id > $2 AND b.accepted_at <= $1 AND (
      b.lease_owner IS NOT NULL OR b.claim_at <= $1
      OR (b.claim_at = 'infinity' AND coalesce(b.scheduled_at, m.scheduled_at, '-infinity') <= $1)
    )
    ORDER BY b.id LIMIT 500 FOR UPDATE OF b
  ), placed AS (
    SELECT id, topic_id, size, sum(size) OVER (ORDER BY id) - size AS before FROM due
  )
  SELECT id, topic_id, size FROM placed WHERE before < 10000 ORDER BY id`;

/** The emails of pending batches that are as their batch. Parameters: batch ids. */
export const EMAILS_OF_BATCHES = `/* doubts.emails_of_batches */
  SELECT e.id FROM (SELECT id, last_id, ids FROM batches WHERE id = ANY ($1::uuid[])) AS b
  CROSS JOIN LATERAL (
    SELECT id FROM emails
    WHERE b.ids IS NULL AND id BETWEEN b.id AND b.last_id AND batch_id IS NULL AND state IS NULL
    UNION ALL
    SELECT id FROM emails WHERE b.ids IS NOT NULL AND id = ANY (b.ids) AND batch_id = b.id AND state IS NULL
  ) AS e`;

/** Claims of senders, with the emails that they held. */
export const DROP_CLAIMS = `/* doubts.drop_claims */
  WITH dropped AS (
    DELETE FROM sender_claims WHERE id IN (SELECT id FROM sender_claims LIMIT 100 FOR UPDATE) RETURNING ids
  )
  SELECT unnest(ids) AS id FROM dropped`;

/** Those of locked emails that were in the stream or with a sender. Parameters: ids. */
export const READ_UNDER_WAY = `/* doubts.read_under_way */
  SELECT e.id, coalesce(e.state, b.state) AS state, b.topic_id
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[]) AND coalesce(e.state, b.state) IN (${CODE.dispatched}, ${CODE.sending})`;

/**
 * They are in doubt for good: `claimed_at` is null, since the events that would have settled them may be forgotten too
 * (retries.sql.ts). Parameters: ids, reason.
 */
export const MARK_UNCERTAIN = `/* doubts.mark_uncertain */
  UPDATE emails SET state = ${CODE.uncertain}, reason = CASE WHEN address <> '' THEN $2 END, claimed_at = NULL, ended_at = now()
  WHERE id = ANY ($1::uuid[])`;

/** The same for what was in doubt before, so many at a time. */
export const FORGET_CLAIM_TIMES = `/* doubts.forget_claim_times */
  UPDATE emails SET claimed_at = NULL
  WHERE id = ANY (ARRAY(SELECT id FROM emails WHERE state = ${CODE.uncertain} AND claimed_at IS NOT NULL LIMIT 10000))
  RETURNING id`;
