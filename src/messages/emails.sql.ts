import { CODE } from '../contracts/states.js';
import { SUPPRESSION_OF_EMAIL } from '../suppressions/suppressions.sql.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/** The verdict on an email `e` of a batch `b`, but for what only the delivery knows: which generation it is of. */
const VERDICT = `
  CASE
    WHEN NOT EXISTS (SELECT FROM messages WHERE id = b.message_id) THEN 'unknown'
    WHEN e.state = ${CODE.sending} THEN 'in_flight'
    WHEN e.state IS NOT NULL THEN 'done'
    WHEN b.state = ${CODE.pending} THEN 'not_settled'
    WHEN b.state <> ${CODE.dispatched} THEN 'done'
    WHEN e.batch_id <> b.id THEN 'in_flight'
    WHEN t.stopped_at >= b.accepted_at THEN 'stop'
    WHEN b.expires_at <= now() THEN 'expire'
    WHEN suppression.address IS NOT NULL THEN 'suppress'
    WHEN t.paused_at IS NOT NULL THEN 'hold'
    ELSE 'send'
  END`;

const JUDGED_COLUMNS = `
  e.id, e.address, e.tracking, e.variables, e.attempts, b.id AS batch_id, b.message_id, b.topic_id, b.generation,
  suppression.reason AS suppression, ${VERDICT} AS verdict`;

/** LIMIT insists on the index where few topics have a row yet. */
const TOPIC_OF_BATCH = `
  LEFT JOIN LATERAL (SELECT stopped_at, paused_at FROM topics WHERE topic_id = b.topic_id LIMIT 1) AS t ON true`;

/**
 * The sender's claim, first half: locks those of the emails that are still as their batch, and judges them. What another
 * transaction holds is left out, so that two senders with the same emails, in whatever order, never wait for each other.
 * Where an email changed its batch since this statement's snapshot, what is known of the batch is of the one before.
 * Nothing is joined to a list of ids: a plan that serves all parameters expects ten of them, and took 1.2 s for 1,000
 * where this takes 12 ms. Parameters: ids.
 */
export const LOCK_FOR_SENDING = `/* emails.lock_for_sending */
  SELECT ${JUDGED_COLUMNS}
  FROM emails e ${BATCH_OF_EMAIL} ${TOPIC_OF_BATCH} ${SUPPRESSION_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[]) AND e.state IS NULL
  ORDER BY e.id FOR UPDATE OF e SKIP LOCKED`;

/** The same for those that were left out, without a lock. Parameters: ids. */
export const JUDGE_FOR_SENDING = `/* emails.judge_for_sending */
  SELECT ${JUDGED_COLUMNS}
  FROM emails e ${BATCH_OF_EMAIL} ${TOPIC_OF_BATCH} ${SUPPRESSION_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[])`;

/**
 * The second half: locked emails go from dispatched to sending, under one claims row. Parameters: ids, claim id, sender,
 * lease (seconds).
 */
export const BEGIN_SENDING = `/* emails.begin_sending */
  WITH claimed AS (
    UPDATE emails SET state = ${CODE.sending}, attempts = attempts + 1, claimed_at = now() WHERE id = ANY ($1::uuid[])
  )
  INSERT INTO sender_claims (id, sender, lease_until, ids) VALUES ($2, $3, now() + make_interval(secs => $4), $1)`;

/** Locked emails that are not to be sent. Parameters: ids, states, reasons (null: as before). */
export const REFUSE_TO_SEND = `/* emails.refuse_to_send */
  UPDATE emails e SET state = refused.state, reason = coalesce(refused.reason, e.reason)
  FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS refused (id, state, reason)
  WHERE e.id = refused.id AND e.id = ANY ($1::uuid[])`;

/** Locks emails in the order of their ids. Parameters: ids. */
export const LOCK_EMAILS = `/* emails.lock */
  SELECT id, state, attempts, batch_id FROM emails WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`;

/**
 * The same after dropping claims: claims before emails, as the sweep takes them, or a late sender and the sweep of its
 * claims would deadlock. The condition is evaluated once, before the first email. Parameters: ids, claim ids.
 */
export const DROP_CLAIMS_AND_LOCK_EMAILS = `/* emails.drop_claims_and_lock */
  WITH dropped AS (DELETE FROM sender_claims WHERE id = ANY ($2::uuid[]) RETURNING id)
  SELECT id, state, attempts, batch_id FROM emails
  WHERE id = ANY ($1::uuid[]) AND (SELECT count(*) FROM dropped) >= 0
  ORDER BY id FOR UPDATE`;

/**
 * What became of emails, and the provider's name of each, for feedback that does not carry ours. Parameters: ids, states,
 * provider's message ids, reasons.
 */
export const MARK_OUTCOMES = `/* emails.mark_outcomes */
  WITH named AS (
    INSERT INTO provider_messages (provider_message_id, email_id)
    SELECT provider_message_id, id FROM unnest($3::text[], $1::uuid[]) AS done (provider_message_id, id)
    WHERE provider_message_id IS NOT NULL
    ON CONFLICT (provider_message_id) DO NOTHING
  )
  UPDATE emails e SET state = done.state, reason = done.reason,
    provider_message_id = coalesce(done.provider_message_id, e.provider_message_id),
    sent_at = CASE WHEN done.state = ${CODE.sent} THEN now() ELSE e.sent_at END
  FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[]) AS done (id, state, provider_message_id, reason)
  WHERE e.id = done.id AND e.id = ANY ($1::uuid[])`;

/** A throttled or refused connection is no attempt of the email's. Parameters: ids. */
export const GIVE_ATTEMPT_BACK = `/* emails.give_attempt_back */
  UPDATE emails SET attempts = attempts - 1 WHERE id = ANY ($1::uuid[])`;

/**
 * The provider's name of emails that moved on before their outcome came, such as those that an event has raised past
 * `sent`. Parameters: provider message ids, email ids.
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
