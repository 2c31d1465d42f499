import { BATCHES_BY_ID as SOURCE_BY_ID, BATCHES_OF_RANGES as SOURCE_OF_RANGES } from '../messages/messages.sql.js';
import { notSealed } from '../messages/removal-seal.sql.js';

/**
 * Locks emails in the order of their ids, but for those of a month that is being removed. The bounds let PostgreSQL leave out
 * the months beyond them. Parameters: ids, the least of them, the greatest.
 */
export const LOCK = `/* events.lock */
  SELECT id, address, state, events, batch_id, tracking, sent_at, claimed_at,
    EXISTS (SELECT FROM soft_bounces WHERE address = lower(e.address)) AS has_soft_bounces
  FROM emails e WHERE id = ANY ($1::uuid[]) AND id BETWEEN $2 AND $3 AND ${notSealed('id')}
  ORDER BY id FOR UPDATE OF e`;

/** Batches and what their messages say, in the order of their ids. LIMIT insists on the index. */
const batchesFrom = (source: string) => `
  SELECT b.id, b.state, b.epoch, b.topic_id, b.dispatched_at, m.track_opens
  FROM ${source}
  CROSS JOIN LATERAL (SELECT track_opens FROM messages WHERE id = b.message_id LIMIT 1) AS m
  ORDER BY b.id`;

/** Parameters: first ids of ranges, their last. */
export const BATCHES_OF_RANGES = `/* events.batches_of_ranges */ ${batchesFrom(SOURCE_OF_RANGES)}`;

/** Parameters: ids of batches. */
export const BATCHES_BY_ID = `/* events.batches_by_id */ ${batchesFrom(SOURCE_BY_ID)}`;

/** Parameters: email ids, ids, types, times, is_machine, details, raws. Returns the keys that are new. */
export const INSERT = `/* events.insert */
  INSERT INTO events (email_id, id, type, occurred_at, is_machine, detail, raw)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[], $6::jsonb[], $7::jsonb[])
  ON CONFLICT (email_id, id) DO NOTHING
  RETURNING id`;

/** A new state brings its own reason or none. Parameters: ids, states (null: unchanged), event bits, sent times, reasons, provider message ids, the least id, the greatest. */
export const RAISE = `/* events.raise */
  UPDATE emails e SET
    state = coalesce(new.state, e.state),
    ended_at = CASE WHEN new.state IS NULL THEN e.ended_at ELSE now() END,
    events = new.events,
    sent_at = least(e.sent_at, new.sent_at),
    reason = CASE WHEN new.state IS NULL THEN e.reason ELSE new.reason END,
    provider_message_id = coalesce(e.provider_message_id, new.provider_message_id)
  FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::text[], $6::text[])
    AS new (id, state, events, sent_at, reason, provider_message_id)
  WHERE e.id = new.id AND e.id = ANY ($1::uuid[]) AND e.id BETWEEN $7 AND $8`;

/** Parameters: provider message ids. */
export const FIND_BY_PROVIDER_ID = `/* events.find_by_provider_id */
  SELECT provider_message_id, email_id FROM provider_messages WHERE provider_message_id = ANY ($1::text[])`;
