import { CODE } from '../contracts/states.js';

/** Every email with its batch: by its range, or by the batch that it moved to. */
const EMAILS = `
  SELECT b.topic_id, b.id AS batch_id, b.state AS batch_state, e.state AS own_state
  FROM batches b JOIN emails e ON e.id BETWEEN b.id AND b.last_id AND e.batch_id IS NULL
  WHERE b.ids IS NULL
  UNION ALL
  SELECT b.topic_id, b.id, b.state, e.state
  FROM emails e JOIN batches b ON b.id = e.batch_id
  WHERE e.batch_id IS NOT NULL`;

export const RECOUNT_STATES = `/* recount.states */
  SELECT topic_id, coalesce(own_state, batch_state) AS state, count(*)::float8 AS count
  FROM (${EMAILS}) AS emails GROUP BY 1, 2`;

/** What was accepted, by the messages' own word. */
export const RECOUNT_TOTALS = `/* recount.totals */
  SELECT topic_id, sum(count)::float8 AS count FROM messages GROUP BY 1`;

/** Emails that no batch holds: there must be none. */
export const COUNT_STRAYS = `/* recount.strays */
  SELECT ((SELECT count(*) FROM emails) - (SELECT count(*) FROM (${EMAILS}) AS emails))::float8 AS count`;

/** Pending batches whose size is not the number of emails that share their state. */
export const WRONG_SIZES = `/* recount.sizes */
  SELECT b.id, b.size, count(emails.batch_id)::int AS count
  FROM batches b LEFT JOIN (${EMAILS}) AS emails ON emails.batch_id = b.id AND emails.own_state IS NULL
  WHERE b.state = ${CODE.pending}
  GROUP BY b.id, b.size HAVING b.size <> count(emails.batch_id)`;

/** Minutes whose count of first dispatches is not that of the batches dispatched in it. */
export const WRONG_BUCKETS = `/* recount.buckets */
  SELECT minute, topic_id, coalesce(bucket.dispatched, 0)::float8 AS stored, coalesce(fact.dispatched, 0)::float8 AS counted
  FROM topic_buckets bucket
  FULL JOIN (
    SELECT date_trunc('minute', dispatched_at) AS minute, topic_id, sum(size) AS dispatched
    FROM batches WHERE state = ${CODE.dispatched} AND generation = 0 GROUP BY 1, 2
  ) AS fact USING (minute, topic_id)
  WHERE coalesce(bucket.dispatched, 0) <> coalesce(fact.dispatched, 0)`;
