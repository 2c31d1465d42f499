import { CODE } from '../contracts/states.js';
import { SUPPRESSION_OF_EMAIL } from '../suppressions/suppressions.sql.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/**
 * The sender's claim: emails that the stream delivered go from dispatched to sending, under one claims row, and each
 * is answered with a verdict. What another transaction holds or took since this statement's snapshot is answered
 * `in_flight`: two senders with the same emails, in whatever order, never wait for each other.
 * Parameters: ids, generations, claim id, sender, lease (seconds).
 */
export const CLAIM_FOR_SENDING = `/* emails.claim_for_sending */
  WITH found AS (
    SELECT w.id, e.address, e.tracking, e.variables, e.batch_id AS own_batch, b.id AS batch_id, m.id AS message_id, b.topic_id, b.generation,
      suppression.reason,
      CASE
        WHEN e.id IS NULL OR m.id IS NULL OR w.generation > b.generation THEN 'unknown'
        WHEN w.generation < b.generation THEN 'done'
        WHEN e.state = ${CODE.sending} THEN 'in_flight'
        WHEN e.state IS NOT NULL THEN 'done'
        WHEN b.state = ${CODE.pending} THEN 'not_settled'
        WHEN b.state <> ${CODE.dispatched} THEN 'done'
        WHEN t.stopped_at >= b.accepted_at THEN 'stop'
        WHEN b.expires_at <= now() THEN 'expire'
        WHEN suppression.address IS NOT NULL THEN 'suppress'
        WHEN t.paused_at IS NOT NULL THEN 'hold'
        ELSE 'send'
      END AS verdict
    FROM unnest($1::uuid[], $2::int[]) AS w (id, generation)
    LEFT JOIN emails e ON e.id = w.id AND e.id = ANY ($1::uuid[])
    ${BATCH_OF_EMAIL}
    LEFT JOIN messages m ON m.id = b.message_id
    LEFT JOIN topics t ON t.topic_id = b.topic_id
    ${SUPPRESSION_OF_EMAIL}
  ), free AS (
    SELECT e.id, e.batch_id AS own_batch FROM found JOIN emails e ON e.id = found.id AND e.id = ANY ($1::uuid[])
    WHERE found.verdict IN ('send', 'stop', 'expire', 'suppress', 'hold') AND e.state IS NULL
    FOR UPDATE OF e SKIP LOCKED
  ), claimed AS (
    UPDATE emails e SET state = ${CODE.sending}, attempts = e.attempts + 1, claimed_at = now()
    FROM found JOIN free USING (id)
    WHERE found.verdict = 'send' AND e.id = found.id AND e.id = ANY ($1::uuid[])
      AND e.state IS NULL AND e.batch_id IS NOT DISTINCT FROM found.own_batch
    RETURNING e.id, e.attempts
  ), refused AS (
    UPDATE emails e SET
      state = CASE found.verdict
        WHEN 'stop' THEN ${CODE.stopped} WHEN 'expire' THEN ${CODE.expired} ELSE ${CODE.suppressed}
      END,
      reason = CASE found.verdict
        WHEN 'stop' THEN e.reason WHEN 'expire' THEN 'expired' ELSE 'suppressed: ' || found.reason
      END
    FROM found JOIN free USING (id)
    WHERE found.verdict IN ('stop', 'expire', 'suppress') AND e.id = found.id AND e.id = ANY ($1::uuid[])
      AND e.state IS NULL AND e.batch_id IS NOT DISTINCT FROM found.own_batch
    RETURNING e.id
  ), lease AS (
    INSERT INTO sender_claims (id, sender, lease_until, ids)
    SELECT $3::uuid, $4, now() + make_interval(secs => $5), array_agg(id) FROM claimed HAVING count(*) > 0
  )
  SELECT found.id, found.address, found.tracking, found.variables, found.batch_id, found.message_id, found.topic_id, claimed.attempts AS attempt,
    CASE
      WHEN found.verdict = 'hold' AND free.own_batch IS NOT DISTINCT FROM found.own_batch AND free.id IS NOT NULL THEN 'hold'
      WHEN found.verdict IN ('send', 'stop', 'expire', 'suppress', 'hold') AND claimed.id IS NULL AND refused.id IS NULL
        THEN 'in_flight'
      ELSE found.verdict
    END AS verdict
  FROM found LEFT JOIN free USING (id) LEFT JOIN claimed USING (id) LEFT JOIN refused USING (id)`;

/**
 * Claimed emails whose address ALLOWED_RECIPIENTS does not name; before the claim is committed, so that it was never
 * made. Parameters: ids.
 */
export const REFUSE_CLAIMED = `/* emails.refuse_claimed */
  UPDATE emails SET state = ${CODE.suppressed}, reason = 'not_allowed_here', attempts = attempts - 1
  WHERE id = ANY ($1::uuid[])`;

/** Locks emails in the order of their ids. Parameters: ids. */
export const LOCK_EMAILS = `/* emails.lock */
  SELECT id, state, attempts, batch_id FROM emails WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`;

/** Parameters: ids, states, provider's message ids, reasons. */
export const MARK_OUTCOMES = `/* emails.mark_outcomes */
  UPDATE emails e SET state = done.state, reason = done.reason,
    provider_message_id = coalesce(done.provider_message_id, e.provider_message_id),
    sent_at = CASE WHEN done.state = ${CODE.sent} THEN now() ELSE e.sent_at END
  FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[]) AS done (id, state, provider_message_id, reason)
  WHERE e.id = done.id AND e.id = ANY ($1::uuid[])`;

/** A throttled or refused connection is no attempt of the email's. Parameters: ids. */
export const GIVE_ATTEMPT_BACK = `/* emails.give_attempt_back */
  UPDATE emails SET attempts = attempts - 1 WHERE id = ANY ($1::uuid[])`;

/**
 * The provider's name of each email, for feedback that does not carry ours; also of those that an event has raised past
 * `sent` before the outcome was recorded. Parameters: provider message ids, email ids.
 */
export const STORE_PROVIDER_IDS = `/* provider_messages.store */
  WITH named AS (
    UPDATE emails e SET provider_message_id = coalesce(e.provider_message_id, new.provider_message_id)
    FROM unnest($1::text[], $2::uuid[]) AS new (provider_message_id, id)
    WHERE e.id = new.id AND e.id = ANY ($2::uuid[]) AND e.provider_message_id IS NULL
  )
  INSERT INTO provider_messages (provider_message_id, email_id)
  SELECT * FROM unnest($1::text[], $2::uuid[])
  ON CONFLICT (provider_message_id) DO NOTHING`;
