import { CODE } from '../contracts/states.js';
import { BATCH_OF_EMAIL } from './messages.sql.js';

/**
 * By claim and not by sender: a claim whose COMMIT was not answered must expire. The sender's presence, a claim of no emails,
 * is written whatever is open: a full disk or a standby refuses only what writes. Parameters: claim ids, lease (seconds), id of
 * the presence, sender.
 */
export const RENEW_CLAIMS = `/* sender_claims.renew */
  WITH renewed AS (
    UPDATE sender_claims SET lease_until = now() + make_interval(secs => $2) WHERE id = ANY ($1::uuid[])
  )
  INSERT INTO sender_claims (id, sender, lease_until, ids) VALUES ($3, $4, now() + make_interval(secs => $2), '{}')
  ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`;

/** Removes expired claims and returns the emails that they held. */
export const EXPIRE_CLAIMS = `/* sender_claims.expire */
  WITH expired AS (
    DELETE FROM sender_claims
    WHERE id IN (SELECT id FROM sender_claims WHERE lease_until < now() FOR UPDATE SKIP LOCKED)
    RETURNING ids
  )
  SELECT unnest(ids) AS id FROM expired`;

/**
 * Of emails that are locked and whose claim expired, those that nobody is sending any more. A claim holds its emails
 * until the last one is done, so one of them may long have come back and be with another sender, under another claim.
 * A statement of its own, after the locks: only its snapshot is sure to see that claim. Parameters: ids.
 */
export const FIND_IN_DOUBT = `/* emails.find_in_doubt */
  SELECT e.id, e.attempts, b.id AS batch_id, b.topic_id
  FROM emails e ${BATCH_OF_EMAIL}
  WHERE e.id = ANY ($1::uuid[]) AND e.state = ${CODE.sending}
    AND NOT EXISTS (SELECT FROM sender_claims WHERE e.id = ANY (ids))`;
