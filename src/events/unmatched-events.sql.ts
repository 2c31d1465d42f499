/** Parameters: id, event. */
export const PARK = `/* unmatched_events.park */
  INSERT INTO unmatched_events (id, event, retry_at) VALUES ($1, $2, now() + interval '1 second')`;

/** Parameters: limit. */
export const DUE = `/* unmatched_events.due */
  SELECT id, event FROM unmatched_events WHERE retry_at <= now() ORDER BY retry_at LIMIT $1`;

/** The wait doubles with the age, up to an hour. Parameters: ids. */
export const POSTPONE = `/* unmatched_events.postpone */
  UPDATE unmatched_events
  SET retry_at = now() + least(greatest(now() - received_at, interval '1 second'), interval '1 hour')
  WHERE id = ANY ($1::uuid[])`;

/** Parameters: ids. */
export const REMOVE = `/* unmatched_events.remove */
  DELETE FROM unmatched_events WHERE id = ANY ($1::uuid[])`;

/** Parameters: days. */
export const PURGE = `/* unmatched_events.purge */
  DELETE FROM unmatched_events WHERE received_at < now() - make_interval(days => $1) RETURNING id`;
