import { CODE } from '../contracts/states.js';

/**
 * Months of emails that ended before a moment, the oldest first, with the bounds of their ids. Parameters: moment.
 */
export const PAST_MONTHS = `/* retention.past_months */
  SELECT name, uuid_floor(start) AS first, uuid_floor(start + interval '1 month') AS behind
  FROM (
    SELECT right(part.relname, 7) AS name, to_date(right(part.relname, 7), 'YYYY_MM')::timestamp AS start
    FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
    WHERE inhparent = 'emails'::regclass AND part.relname ~ '^emails_[0-9]{4}_[0-9]{2}$'
  ) AS months
  WHERE (start + interval '1 month') AT TIME ZONE 'UTC' <= $1::timestamptz
  ORDER BY start`;

/** Parameters: first id, id behind the last. */
export const SEAL = `/* retention.seal */
  UPDATE removal_seal SET first_id = $1, behind_id = $2, token = gen_random_uuid() RETURNING token`;

/** Unless somebody else has sealed since. Parameters: token. */
export const UNSEAL = `/* retention.unseal */
  UPDATE removal_seal SET first_id = token, behind_id = token WHERE token = $1`;

/** Parameters: name of the month. */
export const WAIT_FOR_WRITERS = `/* retention.wait_for_writers */
  SELECT wait_for_writers($1)`;

/** Parameters: name of the month, token of its seal. */
export const DROP_MONTH = `/* retention.drop_month */
  SELECT drop_month($1, $2)`;

/**
 * First dispatches of some batches, by hour and topic, and whether emails outside their month are in one of them: these were
 * wanted again in it. Parameters: the first id, the id behind the month's last, limit, the month's first id.
 */
export const FIRST_DISPATCHES = `/* retention.first_dispatches */
  WITH slice AS MATERIALIZED (
    SELECT id, ids, state, is_first, dispatched_at, topic_id, size FROM batches WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3
  )
  SELECT date_trunc('hour', dispatched_at, 'UTC') AS hour, topic_id,
    coalesce(sum(size) FILTER (WHERE state = ${CODE.dispatched} AND is_first), 0)::int AS count,
    coalesce(bool_or(ids IS NOT NULL AND EXISTS (
      SELECT FROM emails WHERE id = ANY (slice.ids) AND batch_id = slice.id AND NOT (id >= $4 AND id < $2)
    )), false) AS has_others,
    count(*)::int AS batches, (array_agg(id ORDER BY id DESC))[1] AS last_id
  FROM slice GROUP BY 1, 2`;

/** The provider's names of some emails. Parameters: the first id, the id behind the last, limit. */
export const FORGET_PROVIDER_IDS = `/* retention.forget_provider_ids */
  WITH slice AS MATERIALIZED (
    SELECT id, provider_message_id FROM emails WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3
  ), forgotten AS (
    DELETE FROM provider_messages WHERE provider_message_id IN (SELECT provider_message_id FROM slice)
  )
  SELECT count(*)::int AS emails, (array_agg(id ORDER BY id DESC))[1] AS last_id FROM slice`;

/**
 * Removes some of the messages whose emails are gone. A message's id is made before that of its first email: none is above
 * the last, and below the month there are only the few that are kept. Parameters: the id behind which to begin, first email
 * id, the id behind the last, limit.
 */
export const REMOVE_MESSAGES = `/* retention.remove_messages */
  WITH removed AS (
    DELETE FROM messages WHERE id = ANY (ARRAY(
      SELECT id FROM messages
      WHERE id > $1 AND id < $3 AND first_email_id >= $2 AND first_email_id < $3
      ORDER BY id LIMIT $4
    ))
    RETURNING id, topic_id, count
  )
  SELECT topic_id, sum(count)::int AS emails, (array_agg(id ORDER BY id DESC))[1] AS last_id FROM removed GROUP BY 1`;
