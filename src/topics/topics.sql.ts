/** Parameters: topic. */
export const STOP_TOPIC = `/* topics.stop */
  INSERT INTO topics (topic_id, stopped_at) VALUES ($1, now())
  ON CONFLICT (topic_id) DO UPDATE SET stopped_at = now()`;

/** Emails dispatched for the first time since a minute of the database's clock. Parameters: hours. */
export const COUNT_DISPATCHED = `/* topics.count_dispatched */
  WITH period AS (SELECT date_trunc('minute', now() - make_interval(hours => $1)) AS since)
  SELECT since, coalesce(sum(dispatched), 0)::float8 AS count
  FROM period LEFT JOIN topic_buckets ON minute >= since
  GROUP BY since`;

/** One row by its key, also of a topic without mail. Parameters: topic. */
export const TOPIC_COUNTS = `/* topics.counts */
  SELECT * FROM (SELECT $1::text AS topic_id) AS wanted
  LEFT JOIN topic_counters USING (topic_id)
  LEFT JOIN (SELECT topic_id, paused_at, pause_reason FROM topics) AS topic USING (topic_id)`;

/** Parameters: time (µs since 1970) and topic of the last one seen, or nulls; limit. */
export const LIST_TOPICS = `/* topics.list */
  SELECT *, (extract(epoch FROM last_activity_at) * 1000000)::bigint::text AS activity_us
  FROM topic_counters
  LEFT JOIN (SELECT topic_id, paused_at, pause_reason FROM topics) AS topic USING (topic_id)
  WHERE $1::bigint IS NULL
    OR (last_activity_at, topic_id) < ('epoch'::timestamptz + $1::bigint * interval '1 microsecond', $2::text)
  ORDER BY last_activity_at DESC, topic_id DESC
  LIMIT $3`;
