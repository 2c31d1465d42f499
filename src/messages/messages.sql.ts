import { RANGE_SIZE } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';

/** Parameters: ids, topics, subjects, contents, first email ids, counts, track_opens, key names, schedules, track_clicks. */
export const INSERT_MESSAGES = `/* messages.insert */
  INSERT INTO messages
    (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks)
  SELECT id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::boolean[], $8::text[],
      $9::timestamptz[], $10::boolean[])
    AS new (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks)`;

/** Parameters: those of `messages.insert`; texts, from, reply_to, headers, tags, variables, unsubscribe, expiries. */
export const INSERT_MESSAGES_WITH_EXTRAS = `/* messages.insert_with_extras */
  INSERT INTO messages
    (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks,
     text, from_email, reply_to, headers, tags, variables, unsubscribe, expires_at)
  SELECT id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks,
    text, from_email, reply_to, headers, tags, variables, unsubscribe, expires_at
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::boolean[], $8::text[],
      $9::timestamptz[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::jsonb[], $15::jsonb[], $16::jsonb[], $17::boolean[],
      $18::timestamptz[])
    AS new (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at, track_clicks,
      text, from_email, reply_to, headers, tags, variables, unsubscribe, expires_at)`;

/**
 * Range batches. What is due later waits until then; each further batch of a message stands one millisecond behind
 * the one before, so that messages of the same moment take turns. One whose every email is suppressed is suppressed
 * itself: there is nothing to wait for. Parameters: first ids, last ids, message ids, topics, lanes, sizes (without
 * the suppressed), due times (null: now), steps (ms), expiries.
 */
export const INSERT_BATCHES = `/* batches.insert */
  INSERT INTO batches (id, last_id, message_id, topic_id, state, lane, size, claim_at, expires_at)
  SELECT id, last_id, message_id, topic_id, CASE size WHEN 0 THEN ${CODE.suppressed} ELSE ${CODE.pending} END, lane, size,
    greatest(due_at, now()) + step * interval '1 millisecond', expires_at
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::int[], $7::timestamptz[], $8::int[],
      $9::timestamptz[])
    AS new (id, last_id, message_id, topic_id, lane, size, due_at, step, expires_at)`;

/** Parameters: ids, addresses; both as binary arrays. */
export const INSERT_EMAILS = `/* emails.insert */
  INSERT INTO emails (id, address) SELECT * FROM unnest($1::uuid[], $2::text[])`;

/** Parameters: ids, addresses, reasons; all as binary arrays. */
export const INSERT_SUPPRESSED_EMAILS = `/* emails.insert_suppressed */
  INSERT INTO emails (id, address, state, reason)
  SELECT id, address, ${CODE.suppressed}, reason FROM unnest($1::uuid[], $2::text[], $3::text[]) AS new (id, address, reason)`;

/**
 * Of statements in which a recipient is tracked otherwise than its message, or has variables. Parameters: ids, addresses,
 * tracking, variables.
 */
export const INSERT_PERSONAL_EMAILS = `/* emails.insert_personal */
  INSERT INTO emails (id, address, tracking, variables)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::jsonb[])`;

/**
 * The batch of each email `e`, as a join. The batch of a range is the greatest id at or below the email's, and never
 * below the start of the range (ids.ts): naming that bound lets PostgreSQL look into one partition only.
 */
export const BATCH_OF_EMAIL = `
  LEFT JOIN LATERAL (
    SELECT * FROM batches WHERE id = e.batch_id
    UNION ALL
    (SELECT * FROM batches
     WHERE e.batch_id IS NULL AND id BETWEEN (left(e.id::text, 33) || '000')::uuid AND e.id
     ORDER BY id DESC LIMIT 1)
  ) AS b ON true`;

/** The message of a batch `b`, as a join. LIMIT insists on the key. */
export const MESSAGE_OF_BATCH = `
  CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = b.message_id LIMIT 1) AS m`;

/**
 * The batches `b` of emails, each once: those of ranges (ids.ts). LIMIT, which is never reached, insists on the index for each: a
 * plan that serves all parameters would read the partitions from end to end. Parameters: first ids of ranges, their last.
 */
export const BATCHES_OF_RANGES = `
  unnest($1::uuid[], $2::uuid[]) AS range (first, last) CROSS JOIN LATERAL (
    SELECT * FROM batches WHERE id BETWEEN range.first AND range.last AND last_id IS NOT NULL
    ORDER BY id LIMIT ${RANGE_SIZE}
  ) AS b`;

/** Those that emails have moved to. Parameters: ids of batches. */
export const BATCHES_BY_ID = `
  unnest($1::uuid[]) AS named (id) CROSS JOIN LATERAL (SELECT * FROM batches WHERE id = named.id LIMIT 1) AS b`;

/** How many emails of a range are in each state. Parameters: first id, last id. */
export const COUNT_STATES = `/* emails.count_states */
  SELECT coalesce(e.state, b.state) AS state, count(*)::int AS count
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id BETWEEN $1 AND $2
  GROUP BY 1`;

/**
 * What the emails of messages are made of. Without a name, so that it is planned for the ids and the table as they are: a kept
 * plan expects ten ids, of which a load may have 512, and outlives the size that the table had. Parameters: message ids.
 */
export const LOAD_CONTENTS = `
  SELECT id, topic_id AS "topicId", subject, content, text, from_email AS "fromEmail", reply_to AS "replyTo", headers, tags,
    variables, unsubscribe, track_opens AS "trackOpens", track_clicks AS "trackClicks"
  FROM messages WHERE id = ANY ($1::uuid[])`;

/** What is shown of an email `e`, with its batch `b` and message `m`. */
export const EMAIL_COLUMNS = `
  e.id, e.address, coalesce(e.state, b.state) AS state, CASE WHEN e.state IS NULL THEN b.last_error ELSE e.reason END AS reason,
  e.attempts, e.provider_message_id, e.sent_at, b.dispatched_at, m.id AS message_id, m.topic_id, m.subject,
  coalesce(b.scheduled_at, m.scheduled_at) AS scheduled_at, m.created_at`;

/** One email with its message and state. Parameters: id. */
export const FIND_EMAIL = `/* emails.find */
  SELECT ${EMAIL_COLUMNS}
  FROM emails e ${BATCH_OF_EMAIL} ${MESSAGE_OF_BATCH}
  WHERE e.id = $1`;
