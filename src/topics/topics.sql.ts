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
