import { BATCH_OF_EMAIL } from '../messages/messages.sql.js';

/** Parameters: address in lower case. */
export const REQUEST = `/* erasures.request */
  INSERT INTO erasures (address) VALUES ($1) ON CONFLICT (address) DO NOTHING`;

/** Parameters: address in lower case. */
export const COMPLETE = `/* erasures.complete */
  DELETE FROM erasures WHERE address = $1`;

/** By the filter of the log's search, whatever the planner expects. Parameters: address in lower case. */
export const FIND_EMAILS = `/* erasures.find_emails */
  SELECT id FROM emails WHERE lower(address) = $1`;

/**
 * Locked emails of an address, in a snapshot of its own: whoever held one may have moved or erased it. Parameters: ids,
 * address in lower case.
 */
export const READ_EMAILS = `/* erasures.read_emails */
  SELECT e.id, coalesce(e.state, b.state) AS state, b.id AS batch_id, b.epoch, b.topic_id,
    b.message_id
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[]) AND lower(e.address) = $2
  ORDER BY e.id`;

/** A reason is text of another's server, which may quote the address. Parameters: ids, states (null: unchanged). */
export const ERASE_EMAILS = `/* erasures.erase_emails */
  UPDATE emails e SET address = '', variables = NULL, state = coalesce(new.state, e.state),
    reason = CASE WHEN new.state IS NOT NULL THEN 'erased' END,
    ended_at = CASE WHEN new.state IS NOT NULL THEN now() ELSE e.ended_at END
  FROM unnest($1::uuid[], $2::smallint[]) AS new (id, state)
  WHERE e.id = new.id AND e.id = ANY ($1::uuid[])`;

/** Parameters: email ids. */
export const REMOVE_EVENTS = `/* erasures.remove_events */
  DELETE FROM events WHERE email_id = ANY ($1::uuid[])`;

/** Reported events that wait for their email and name the address, as a whole text. Parameters: address in lower case. */
export const REMOVE_UNMATCHED = `/* erasures.remove_unmatched */
  DELETE FROM unmatched_events WHERE strpos(lower(event::text), '"' || $1 || '"') > 0`;

/** Parameters: address in lower case. */
export const REMOVE_SOFT_BOUNCES = `/* erasures.remove_soft_bounces */
  DELETE FROM soft_bounces WHERE address = $1`;
