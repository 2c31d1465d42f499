import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/** Parameters: claim ids. */
export const DELETE_CLAIMS = `/* sender_claims.delete */
  DELETE FROM sender_claims WHERE id = ANY ($1::uuid[])`;

/** By claim and not by sender: a claim whose COMMIT was not answered must expire. Parameters: claim ids, lease (seconds). */
export const RENEW_CLAIMS = `/* sender_claims.renew */
  UPDATE sender_claims SET lease_until = now() + make_interval(secs => $2) WHERE id = ANY ($1::uuid[])`;

/** Removes expired claims and returns what they leave in doubt: emails that are still sending, locked. */
export const EXPIRE_CLAIMS = `/* sender_claims.expire */
  WITH expired AS (
    DELETE FROM sender_claims
    WHERE id IN (SELECT id FROM sender_claims WHERE lease_until < now() FOR UPDATE SKIP LOCKED)
    RETURNING ids
  )
  SELECT e.id, e.attempts, b.id AS batch_id, b.topic_id
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = ANY (ARRAY(SELECT unnest(ids) FROM expired)) AND e.state = ${CODE.sending}
  ORDER BY e.id
  FOR UPDATE OF e`;
