import { BATCH_OF_EMAIL } from '../messages/messages.sql.js';

/** LIMIT insists on the index, whatever was known of the table when the plan was made. */
const EMAILS = `
  SELECT e.id, e.address, e.state AS own_state, e.events, e.claimed_at, b.id AS batch_id, b.state AS batch_state,
    b.epoch AS batch_epoch, b.topic_id, e.batch_id <> b.id AS has_moved,
    coalesce(e.tracking & 1 = 1, m.track_opens) AS is_tracked, coalesce(e.sent_at, b.dispatched_at) AS out_at,
    EXISTS (SELECT FROM soft_bounces WHERE address = lower(e.address)) AS has_soft_bounces
  FROM emails e ${BATCH_OF_EMAIL}
  CROSS JOIN LATERAL (SELECT track_opens FROM messages WHERE id = b.message_id LIMIT 1) AS m
  WHERE e.id = ANY ($1::uuid[])`;

/**
 * Locks emails in the order of their ids. An email is read as it is once it is locked; its batch as it was when the
 * statement began, which may have been before. Parameters: ids.
 */
export const LOCK = `/* events.lock */ ${EMAILS} ORDER BY e.id FOR UPDATE OF e`;

/** The same for locked emails, in a snapshot of its own. Parameters: ids. */
export const READ = `/* events.read */ ${EMAILS}`;

/** Parameters: email ids, ids, types, times, is_machine, details, raws. Returns the keys that are new. */
export const INSERT = `/* events.insert */
  INSERT INTO events (email_id, id, type, occurred_at, is_machine, detail, raw)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[], $6::jsonb[], $7::jsonb[])
  ON CONFLICT (email_id, id) DO NOTHING
  RETURNING id`;

/** A new state brings its own reason or none. Parameters: ids, states (null: unchanged), event bits, sent times, reasons, provider message ids. */
export const RAISE = `/* events.raise */
  UPDATE emails e SET
    state = coalesce(new.state, e.state),
    events = new.events,
    sent_at = least(e.sent_at, new.sent_at),
    reason = CASE WHEN new.state IS NULL THEN e.reason ELSE new.reason END,
    provider_message_id = coalesce(e.provider_message_id, new.provider_message_id)
  FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::timestamptz[], $5::text[], $6::text[])
    AS new (id, state, events, sent_at, reason, provider_message_id)
  WHERE e.id = new.id AND e.id = ANY ($1::uuid[])`;

/** Parameters: provider message ids. */
export const FIND_BY_PROVIDER_ID = `/* events.find_by_provider_id */
  SELECT provider_message_id, email_id FROM provider_messages WHERE provider_message_id = ANY ($1::text[])`;
