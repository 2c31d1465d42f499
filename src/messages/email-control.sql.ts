import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/** Parameters: id. */
export const LOCK_EMAIL = `/* email_control.lock */
  SELECT id FROM emails WHERE id = $1 FOR UPDATE`;

/** A locked email, in a snapshot of its own. Parameters: id. */
export const READ_EMAIL = `/* email_control.read */
  SELECT coalesce(e.state, b.state) AS state, b.id AS batch_id, b.epoch, b.topic_id, b.expires_at
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = $1`;

/** Parameters: id, reason. */
export const MARK_STOPPED = `/* email_control.mark_stopped */
  UPDATE emails SET state = ${CODE.stopped}, reason = $2, ended_at = now() WHERE id = $1`;
