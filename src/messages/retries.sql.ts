import { RANGE_SIZE } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';
import { notSealed } from './removal-seal.sql.js';

/**
 * A topic's next messages, after one and up to another, in the order of their emails: so many of them, or fewer where
 * their emails are too many, but one at least. Parameters: topic, after, until, messages, emails.
 */
export const NEXT_MESSAGES = `/* retries.next_messages */
  SELECT first_email_id FROM (
    SELECT first_email_id, sum(count) OVER (ORDER BY first_email_id) - count AS before FROM (
      SELECT first_email_id, count FROM messages
      WHERE topic_id = $1 AND first_email_id > $2 AND first_email_id <= $3
      ORDER BY first_email_id LIMIT $4
    ) AS next
  ) AS counted
  WHERE before < $5 ORDER BY first_email_id`;

/** Parameters: topic. */
export const LAST_MESSAGE = `/* retries.last_message */
  SELECT first_email_id FROM messages WHERE topic_id = $1 ORDER BY first_email_id DESC LIMIT 1`;

/**
 * Those of a topic's messages that still have their content, which nobody removes until the transaction ends. Before their
 * emails: what removes content locks in this order too. Parameters: topic, first email ids.
 */
export const LOCK_MESSAGES = `/* retries.lock_messages */
  SELECT first_email_id FROM messages
  WHERE topic_id = $1 AND first_email_id = ANY ($2::uuid[]) AND subject <> ''
  ORDER BY id FOR SHARE`;

/**
 * The emails of messages that are in one of the states. LIMIT, which is never reached, insists on the index for each range,
 * as in messages.sql.ts. Parameters: first email ids, states.
 */
export const FIND_IN_STATES = `/* retries.find */
  SELECT e.id
  FROM unnest($1::uuid[]) AS range (first_id)
  CROSS JOIN LATERAL (
    SELECT id, state, batch_id FROM emails
    WHERE id BETWEEN range.first_id AND (left(range.first_id::text, 33) || 'fff')::uuid
      AND (state IS NULL OR state = ANY ($2::smallint[]))
    ORDER BY id LIMIT ${RANGE_SIZE}
  ) AS e
  ${BATCH_OF_EMAIL}
  WHERE coalesce(e.state, b.state) = ANY ($2::smallint[])`;

/**
 * Emails in doubt that may be sent again: two minutes are over, and since they were claimed the provider's events have
 * gone on to later mail, so that an event of theirs would have come. Parameters: age (seconds), limit.
 */
export const FIND_UNCONFIRMED = `/* retries.find_unconfirmed */
  SELECT id FROM emails
  WHERE state = ${CODE.uncertain} AND address <> '' AND claimed_at < now() - make_interval(secs => $1)
    AND claimed_at < (SELECT reported_until FROM event_channel)
  ORDER BY id LIMIT $2`;

/**
 * Those of locked emails that are still in one of the states, and may be sent. Those of one `kind` may share a new batch: they differ in
 * nothing that it copies but the generation. Parameters: ids, states.
 */
export const READ_IN_STATES = `/* retries.read */
  SELECT e.id, coalesce(e.state, b.state) AS state, b.id AS batch_id, b.topic_id, b.generation,
    concat_ws(' ', b.message_id, b.is_first AND b.state <> ${CODE.dispatched}, b.scheduled_at, b.expires_at IS NULL,
      coalesce(e.state, b.state) = ${CODE.expired}) AS kind
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[]) AND coalesce(e.state, b.state) = ANY ($2::smallint[]) AND e.address <> ''
    AND ${notSealed('e.id')}
  ORDER BY e.id`;

/** Parameters: ids. */
export const FORGET_ATTEMPTS = `/* retries.forget_attempts */
  UPDATE emails SET attempts = 0, reason = NULL WHERE id = ANY ($1::uuid[])`;

/** Emails that have been in doubt for longer than an event takes, up to a limit. Parameters: age (seconds), limit. */
export const COUNT_UNCERTAIN = `/* retries.count_uncertain */
  SELECT count(*)::int AS count FROM (
    SELECT FROM emails
    WHERE state = ${CODE.uncertain} AND address <> '' AND (claimed_at IS NULL OR claimed_at < now() - make_interval(secs => $1)) LIMIT $2
  ) AS overdue`;
