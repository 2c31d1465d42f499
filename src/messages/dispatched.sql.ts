import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/** Emails that are in the stream as far as the ledger knows, by topic. */
export const TOPICS_WITH_DISPATCHED = `/* dispatched.topics */
  SELECT topic_id FROM topic_counters WHERE dispatched > 0 ORDER BY topic_id`;

/** Parameters: topic. */
export const COUNT_DISPATCHED = `/* dispatched.count */
  SELECT dispatched::int AS count FROM topic_counters WHERE topic_id = $1`;

/**
 * A topic's messages below a first email id, the newest first: as many as hold so many emails together, and never more than a
 * thousand. Parameters: topic, first email id, emails.
 */
export const MESSAGES_BEFORE = `/* dispatched.messages_before */
  SELECT first_email_id FROM (
    SELECT first_email_id, sum(count) OVER (ORDER BY first_email_id DESC) - count AS before
    FROM (
      SELECT first_email_id, count FROM messages
      WHERE topic_id = $1 AND first_email_id < $2 ORDER BY first_email_id DESC LIMIT 1000
    ) AS newest
  ) AS counted
  WHERE before < $3 ORDER BY first_email_id DESC`;

/**
 * The dispatched emails of messages, and whether they were dispatched before a moment and are of a generation below one. Parameters:
 * first email ids, moment, generation.
 */
export const FIND_DISPATCHED = `/* dispatched.find */
  SELECT e.id, b.dispatched_at < $2 AND b.generation < $3 AS is_meant
  FROM unnest($1::uuid[]) AS range (first_id)
  CROSS JOIN LATERAL (
    SELECT id, batch_id FROM emails
    WHERE id BETWEEN range.first_id AND (left(range.first_id::text, 33) || 'fff')::uuid AND state IS NULL
  ) AS e
  ${BATCH_OF_EMAIL}
  WHERE b.state = ${CODE.dispatched}`;
