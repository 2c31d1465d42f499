import { BUCKET_COLUMNS } from './counters.sql.js';

const sums = BUCKET_COLUMNS.map((name) => `sum(${name})::bigint`).join(', ');
const sumsByName = BUCKET_COLUMNS.map((name) => `sum(${name})::float8 AS ${name}`).join(', ');
const additions = BUCKET_COLUMNS.map((name) => `${name} = hour.${name} + excluded.${name}`).join(', ');

/** Hours in minutes: as many as `counts/sent` may ask for, so that it stays exact to the minute. */
export const MINUTES_KEPT_HOURS = 168;

/** The first minute that is not folded: a full hour, so that an hour is folded as a whole. */
export const FOLDED_BEFORE = `date_trunc('hour', now() - interval '${MINUTES_KEPT_HOURS} hours', 'UTC')`;

/**
 * Minutes become their hours. Nobody adds to them any more: what is counted goes into the current minute. The predicate
 * is that of topic_buckets_minutes_idx, so that years of hours are not read.
 */
export const FOLD_BUCKETS = `/* ledger.fold_buckets */
  WITH minutes AS (
    DELETE FROM topic_buckets
    WHERE extract(minute FROM minute AT TIME ZONE 'UTC') <> 0 AND minute < ${FOLDED_BEFORE}
    RETURNING *
  )
  INSERT INTO topic_buckets AS hour (minute, topic_id, ${BUCKET_COLUMNS.join(', ')})
  SELECT date_trunc('hour', minute, 'UTC'), topic_id, ${sums} FROM minutes GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (minute, topic_id) DO UPDATE SET ${additions}`;

/** A topic's buckets by interval, without those in which nothing happened. Parameters: topic, interval, from, to. */
export const TIMELINE = `/* ledger.timeline */
  SELECT date_trunc($2, minute, 'UTC') AS at, ${sumsByName}
  FROM topic_buckets WHERE topic_id = $1 AND minute >= $3 AND minute < $4
  GROUP BY 1`;

/**
 * First dispatches whose batches are removed, by hours: they are older than what is kept by minutes. Parameters: hours,
 * topics, counts.
 */
export const ADD_REMOVED_TO_BUCKETS = `/* ledger.add_removed_to_buckets */
  INSERT INTO topic_buckets AS hour (minute, topic_id, removed)
  SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[]) AS new (minute, topic_id, removed)
  ORDER BY 1, 2
  ON CONFLICT (minute, topic_id) DO UPDATE SET removed = hour.removed + excluded.removed`;
