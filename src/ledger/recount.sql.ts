import { bitOf, EVENT_TYPES, HUMAN_OPEN_BIT } from '../contracts/event-types.js';
import { RANGE_SIZE } from '../contracts/ids.js';
import { CODE, STATES } from '../contracts/states.js';
import { FOLDED_BEFORE } from './buckets.sql.js';
import { EVENT_COLUMNS } from './columns.js';

/**
 * Every email with its batch: by its range, or by the batch that it moved to. LIMIT, which is never reached, insists on the
 * index for each range: in a month without statistics a plan compares every batch with every email.
 */
const EMAILS = `
  SELECT b.topic_id, b.id AS batch_id, b.state AS batch_state, e.state AS own_state, b.message_id, e.events, e.tracking
  FROM batches b CROSS JOIN LATERAL (
    SELECT state, events, tracking FROM emails
    WHERE id BETWEEN b.id AND b.last_id AND batch_id IS NULL
    ORDER BY id LIMIT ${RANGE_SIZE}
  ) AS e
  WHERE b.ids IS NULL
  UNION ALL
  SELECT b.topic_id, b.id, b.state, e.state, b.message_id, e.events, e.tracking
  FROM emails e JOIN batches b ON b.id = e.batch_id
  WHERE e.batch_id IS NOT NULL`;

/** With those that are no longer stored, as they were when they left. */
export const RECOUNT_STATES = `/* recount.states */
  SELECT topic_id, state, sum(count)::float8 AS count
  FROM (
    SELECT topic_id, coalesce(own_state, batch_state) AS state, count(*) AS count FROM (${EMAILS}) AS emails GROUP BY 1, 2
    UNION ALL
    SELECT topic_id, removed.state, removed.count FROM removed_counters
    CROSS JOIN LATERAL (VALUES ${STATES.map((state) => `(${CODE[state]}, ${state})`).join(', ')}) AS removed (state, count)
  ) AS facts
  GROUP BY 1, 2`;

/** What was accepted, by the messages' own word, and by that of those that were removed. */
export const RECOUNT_TOTALS = `/* recount.totals */
  SELECT topic_id, sum(count)::float8 AS count
  FROM (SELECT topic_id, count FROM messages UNION ALL SELECT topic_id, total FROM removed_counters) AS facts
  GROUP BY 1`;

/** Emails that no batch holds: there must be none. */
export const COUNT_STRAYS = `/* recount.strays */
  SELECT ((SELECT count(*) FROM emails) - (SELECT count(*) FROM (${EMAILS}) AS emails))::float8 AS count`;

/** Pending batches whose size is not the number of emails that share their state. */
export const WRONG_SIZES = `/* recount.sizes */
  SELECT b.id, b.size, count(emails.batch_id)::int AS count
  FROM batches b LEFT JOIN (${EMAILS}) AS emails ON emails.batch_id = b.id AND emails.own_state IS NULL
  WHERE b.state = ${CODE.pending}
  GROUP BY b.id, b.size HAVING b.size <> count(emails.batch_id)`;

/** As fine as the buckets are: minutes, and of long ago hours, whether folded yet or not. */
const bucketOf = (moment: string) =>
  `CASE WHEN ${moment} < ${FOLDED_BEFORE} THEN date_trunc('hour', ${moment}, 'UTC') ELSE date_trunc('minute', ${moment}) END`;

/** Buckets whose count of first dispatches, less the removed, is not that of the batches dispatched in it. */
export const WRONG_BUCKETS = `/* recount.buckets */
  SELECT minute, topic_id, coalesce(bucket.dispatched, 0)::float8 AS stored, coalesce(fact.dispatched, 0)::float8 AS counted
  FROM (
    SELECT ${bucketOf('minute')} AS minute, topic_id, sum(dispatched - removed) AS dispatched FROM topic_buckets GROUP BY 1, 2
  ) AS bucket
  FULL JOIN (
    SELECT ${bucketOf('dispatched_at')} AS minute, topic_id, sum(size) AS dispatched
    FROM batches WHERE state = ${CODE.dispatched} AND is_first GROUP BY 1, 2
  ) AS fact USING (minute, topic_id)
  WHERE coalesce(bucket.dispatched, 0) <> coalesce(fact.dispatched, 0)`;

const DELIVERED_BIT = bitOf('Delivery');

const COUNTED_EVENTS = [...EVENT_COLUMNS, 'tracked_delivery'] as const;

/** Distinct emails per topic and type, by the emails' own bits, with those that are no longer stored. */
export const RECOUNT_EVENTS = `/* recount.events */
  SELECT topic_id, ${COUNTED_EVENTS.map((name) => `sum(${name})::float8 AS ${name}`).join(', ')}
  FROM (
    SELECT emails.topic_id, ${EVENT_COLUMNS.map((name, bit) => `count(*) FILTER (WHERE events & ${1 << bit} <> 0) AS ${name}`).join(', ')},
      count(*) FILTER (WHERE events & ${DELIVERED_BIT} <> 0 AND coalesce(tracking & 1 = 1, m.track_opens)) AS tracked_delivery
    FROM (${EMAILS}) AS emails JOIN messages m ON m.id = emails.message_id
    WHERE events <> 0 GROUP BY 1
    UNION ALL
    SELECT topic_id, ${COUNTED_EVENTS.join(', ')} FROM removed_counters
  ) AS facts
  GROUP BY 1`;

/** What the buckets of a topic add up to. */
export const RECOUNT_BUCKETS = `/* recount.bucket_totals */
  SELECT topic_id, ${EVENT_COLUMNS.map((name) => `sum(${name})::float8 AS ${name}`).join(', ')}
  FROM topic_buckets GROUP BY 1`;

const BIT_OF_EVENT = EVENT_TYPES.map((type) => `WHEN '${type}' THEN ${bitOf(type)}`).join(' ');

/**
 * Emails whose bits are not those of their stored events; a hundred of them tell enough. Those of an erased person keep
 * their bits, which are counted, and may have no events.
 */
export const WRONG_EVENTS = `/* recount.event_bits */
  SELECT email_id, coalesce(email.bits, 0)::int AS stored, coalesce(fact.bits, 0)::int AS counted
  FROM (SELECT id AS email_id, events AS bits FROM emails WHERE events <> 0 AND address <> '') AS email
  FULL JOIN (
    SELECT email_id, bit_or(
      CASE type ${BIT_OF_EVENT} ELSE 0 END | CASE WHEN type = 'Open' AND NOT is_machine THEN ${HUMAN_OPEN_BIT} ELSE 0 END
    ) AS bits
    FROM events GROUP BY 1
  ) AS fact USING (email_id)
  WHERE coalesce(email.bits, 0) <> coalesce(fact.bits, 0)
  LIMIT 100`;
