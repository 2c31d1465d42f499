/** Some messages whose emails are in a range of ids. Parameters: the id behind which to begin, first email id, the id behind the last, limit. */
export const NEXT_IN_RANGE = `/* retention.next_in_range */
  SELECT id, first_email_id, count FROM messages
  WHERE id > $1 AND id < $3 AND first_email_id >= $2 AND first_email_id < $3
  ORDER BY id LIMIT $4`;

/** Before their emails; what a retry holds is left out. Parameters: ids. */
export const LOCK_MESSAGES = `/* retention.lock_messages */
  SELECT id, first_email_id, topic_id, count FROM messages WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED`;

/** Parameters: first ids, ids behind the last. */
export const LOCK_EMAILS = `/* retention.lock_emails */
  SELECT e.id FROM unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  JOIN emails e ON e.id >= range.first AND e.id < range.behind
  ORDER BY e.id FOR UPDATE OF e`;

/** Parameters: first ids, ids behind the last. */
export const REMOVE_EVENTS = `/* retention.remove_events */
  DELETE FROM events USING unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  WHERE email_id >= range.first AND email_id < range.behind`;

/** Parameters: first ids, ids behind the last. */
export const REMOVE_PROVIDER_IDS = `/* retention.remove_provider_ids */
  DELETE FROM provider_messages WHERE provider_message_id = ANY (ARRAY(
    SELECT e.provider_message_id FROM unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
    JOIN emails e ON e.id >= range.first AND e.id < range.behind
  ))`;

/**
 * The batches of emails, by range or named by them, with the first dispatches by hour. What emails have left for another
 * batch keeps its row until its month is dropped, and so does its count. Parameters: first ids, ids behind the last.
 */
export const REMOVE_BATCHES = `/* retention.remove_batches */
  WITH range AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  ), removed AS (
    DELETE FROM batches WHERE id = ANY (ARRAY(
      SELECT b.id FROM range JOIN batches b ON b.id >= range.first AND b.id < range.behind AND b.last_id IS NOT NULL
      UNION
      SELECT e.batch_id FROM range JOIN emails e ON e.id >= range.first AND e.id < range.behind AND e.batch_id IS NOT NULL
    ))
    RETURNING dispatched_at, topic_id, size, is_first
  )
  SELECT date_trunc('hour', dispatched_at, 'UTC') AS hour, topic_id AS "topicId", sum(size)::int AS count
  FROM removed WHERE dispatched_at IS NOT NULL AND is_first GROUP BY 1, 2`;

/** Parameters: first ids, ids behind the last. */
export const REMOVE_EMAILS = `/* retention.remove_emails */
  DELETE FROM emails e USING unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  WHERE e.id >= range.first AND e.id < range.behind`;

/** Parameters: ids. */
export const REMOVE_MESSAGES = `/* retention.remove_past_messages */
  DELETE FROM messages WHERE id = ANY ($1::uuid[])`;
