import { CODE } from '../contracts/states.js';

/**
 * What is known of an email `e` that is to be sent. `blocks`: the reasons of its address's suppressions, by topic;
 * `is_erased`: its person is being erased, which is looked up only while anybody is.
 */
const CLAIMED_COLUMNS = `
  e.id, e.address, e.tracking, e.variables, e.attempts, e.state, e.batch_id, suppression.blocks,
  (SELECT EXISTS (SELECT FROM erasures)) AND EXISTS (SELECT FROM erasures WHERE address = lower(e.address)) AS is_erased`;

/** The aggregate insists on the index, whatever the planner expects of the list. */
const SUPPRESSIONS_OF_ADDRESS = `
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(topic_id, reason) AS blocks FROM suppressions WHERE address = lower(e.address)
  ) AS suppression`;

/**
 * The sender's claim, first half: locks those of the emails that are still as their batch. What another transaction holds is
 * left out, so that two senders with the same emails, in whatever order, never wait for each other. Parameters: ids.
 */
export const LOCK_FOR_SENDING = `/* emails.lock_for_sending */
  SELECT ${CLAIMED_COLUMNS}
  FROM emails e ${SUPPRESSIONS_OF_ADDRESS}
  WHERE e.id = ANY ($1::uuid[]) AND e.state IS NULL
  ORDER BY e.id FOR UPDATE OF e SKIP LOCKED`;

/** The same for those that were left out, without a lock. Parameters: ids. */
export const READ_FOR_SENDING = `/* emails.read_for_sending */
  SELECT ${CLAIMED_COLUMNS}
  FROM emails e ${SUPPRESSIONS_OF_ADDRESS}
  WHERE e.id = ANY ($1::uuid[])
  ORDER BY e.id`;

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
  UPDATE emails e SET state = refused.state, reason = coalesce(refused.reason, e.reason), ended_at = now()
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
 * The provider took emails, and its name of each, for feedback that does not carry ours. Parameters: ids, provider's message
 * ids.
 */
export const MARK_SENT = `/* emails.mark_sent */
  WITH named AS (
    INSERT INTO provider_messages (provider_message_id, email_id)
    SELECT provider_message_id, id FROM unnest($2::text[], $1::uuid[]) AS done (provider_message_id, id)
    ON CONFLICT (provider_message_id) DO NOTHING
  )
  UPDATE emails e SET state = ${CODE.sent}, reason = NULL, provider_message_id = done.provider_message_id, sent_at = now()
  FROM unnest($1::uuid[], $2::text[]) AS done (id, provider_message_id)
  WHERE e.id = done.id AND e.id = ANY ($1::uuid[])`;

/** The provider did not take them, or nobody knows; its reason may quote the address, which an erased email has no more. Parameters: ids, states, reasons. */
export const MARK_NOT_SENT = `/* emails.mark_not_sent */
  UPDATE emails e SET state = done.state, ended_at = now(),
    reason = CASE WHEN e.address <> '' THEN done.reason END
  FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS done (id, state, reason)
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
