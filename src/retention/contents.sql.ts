/** Messages older than a moment, by their ids. Parameters: the id behind which to begin, moment, limit. */
export const NEXT_MESSAGES = `/* retention.next_messages */
  SELECT id, first_email_id, count, subject <> '' AS has_content FROM messages
  WHERE id > $1 AND id < uuid_floor($2::timestamptz AT TIME ZONE 'UTC')
  ORDER BY id LIMIT $3`;

/** Postponed messages that are to be looked at again. Parameters: limit. */
export const NEXT_POSTPONED = `/* retention.next_postponed */
  SELECT id, first_email_id, count, subject <> '' AS has_content
  FROM (SELECT message_id FROM retention_postponed WHERE look_at <= now() ORDER BY look_at LIMIT $1) AS due
  JOIN messages ON messages.id = due.message_id`;

/** What is postponed and gone by now. Parameters: none. */
export const FORGET_POSTPONED = `/* retention.forget_postponed */
  DELETE FROM retention_postponed p
  WHERE look_at <= now() AND NOT EXISTS (SELECT FROM messages WHERE id = p.message_id)`;

/** Those of the messages that have content, locked before their emails; what a retry holds is left out. Parameters: ids. */
export const LOCK_CONTENTS = `/* retention.lock_contents */
  SELECT id, first_email_id FROM messages WHERE id = ANY ($1::uuid[]) AND subject <> ''
  ORDER BY id FOR UPDATE SKIP LOCKED`;

const WITHOUT_CONTENT = `
  subject = '', content = '', text = NULL, from_email = NULL, reply_to = NULL, headers = NULL, tags = NULL, variables = NULL`;

/** Parameters: ids. */
export const REMOVE_CONTENTS = `/* retention.remove_contents */
  UPDATE messages SET ${WITHOUT_CONTENT} WHERE id = ANY ($1::uuid[])`;

/** Those of recipients. Parameters: first ids, ids behind the last. */
export const REMOVE_VARIABLES = `/* retention.remove_variables */
  UPDATE emails e SET variables = NULL
  FROM unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  WHERE e.id >= range.first AND e.id < range.behind AND e.variables IS NOT NULL`;

/** Content that was made for nobody else than erased persons. Parameters: ids. */
export const REMOVE_ERASED_CONTENTS = `/* retention.remove_erased_contents */
  UPDATE messages m SET ${WITHOUT_CONTENT}
  WHERE id = ANY ($1::uuid[]) AND subject <> '' AND NOT EXISTS (
    SELECT FROM emails
    WHERE id BETWEEN m.first_email_id AND (left(m.first_email_id::text, 33) || 'fff')::uuid AND address <> ''
  )`;

/**
 * Messages that keep their content for now: until it is due, if that is known, and else for a day; in no case is one looked
 * at again in the same run. Parameters: ids, ends
 * (null: not finished), days that content is kept.
 */
export const POSTPONE = `/* retention.postpone */
  INSERT INTO retention_postponed (message_id, look_at)
  SELECT id, greatest(least(ended_at + make_interval(days => $3), now() + interval '1 day'), now() + interval '1 hour')
  FROM unnest($1::uuid[], $2::timestamptz[]) AS new (id, ended_at)
  ON CONFLICT (message_id) DO UPDATE SET look_at = excluded.look_at`;

/** Parameters: ids. */
export const SETTLE_POSTPONED = `/* retention.settle_postponed */
  DELETE FROM retention_postponed WHERE message_id = ANY ($1::uuid[])`;
