import { CODE } from '../contracts/states.js';

/**
 * When the last of each topic's pending emails is sent, if they all leave one after the other at a rate: the queue in
 * claim order up to the last batch of these topics, read in one pass. A batch is done a batch's time after the one
 * before it or after it is due, whichever is later; that is what the running maximum says. What is leased is on its way
 * already; what is held back (due at infinity) is left out. Parameters: topics, what each has dispatched and unsent,
 * rate (emails per second). Answers with the seconds from now and the emails until then.
 */
export const FINISH_TIMES = `/* backlog.finish_times */
  WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::float8[]) AS wanted (topic_id, in_flight)
  ), queue AS (
    SELECT id, topic_id, lane, size,
      CASE WHEN lease_owner IS NULL THEN claim_at ELSE '-infinity' END AS place
    FROM batches
    WHERE state = ${CODE.pending} AND lane IN (0, 1) AND claim_at <= (
      SELECT max(claim_at) FROM batches
      WHERE topic_id = ANY ($1::text[]) AND state = ${CODE.pending} AND claim_at < 'infinity'
    )
  ), summed AS (
    SELECT topic_id, size, place, sum(size) OVER claim_order AS until_here, row_number() OVER claim_order AS position
    FROM queue WINDOW claim_order AS (ORDER BY greatest(place, now()), lane, place, id)
  ), timed AS (
    SELECT topic_id, until_here,
      max(extract(epoch FROM greatest(place, now()) - now())::float8 - (until_here - size) / $3::float8)
        OVER (ORDER BY position) AS idle_seconds
    FROM summed
  )
  SELECT topic_id, max(in_flight + until_here)::float8 AS emails,
    max(greatest(idle_seconds + until_here / $3::float8, (in_flight + until_here) / $3::float8)) AS seconds
  FROM wanted JOIN timed USING (topic_id)
  GROUP BY topic_id`;
