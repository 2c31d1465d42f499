import { CODE } from '../contracts/states.js';

/**
 * The batch that a lease holds, locked; nobody changes its emails meanwhile, since whoever does locks an unleased batch
 * first.
 */
const HELD = `held AS (
    SELECT * FROM batches
    WHERE id = $1 AND epoch = $2 AND state = ${CODE.pending} AND lease_owner IS NOT NULL AND size > $3
    FOR UPDATE
  )`;

const REST_COLUMNS = `message_id, topic_id, lane, size, generation, is_first, claim_at, accepted_at, attempts, last_error,
    scheduled_at, expires_at`;
const REST_VALUES = `held.message_id, held.topic_id, held.lane, held.size - $3, held.generation, held.is_first,
    $4::timestamptz,
    held.accepted_at, held.attempts, held.last_error, held.scheduled_at, held.expires_at`;

/**
 * A leased range batch is cut in two where the lower part holds so many emails that are as their batch. No email is
 * written: an id's batch is the greatest batch id at or below it (contracts/ids.ts), which for the upper part is now
 * the new batch. Emails with a state of their own go with whichever part their id is in. The statement is one
 * transaction: no read sees a range without a batch. Parameters: id, epoch, how many stay, due time of the rest.
 */
export const SPLIT_RANGE = `/* batches.split_range */
  WITH ${HELD}, cut AS (
    SELECT e.id FROM held CROSS JOIN LATERAL (
      SELECT id FROM emails
      WHERE id BETWEEN held.id AND held.last_id AND batch_id IS NULL AND state IS NULL
      ORDER BY id OFFSET $3 LIMIT 1
    ) AS e
    WHERE held.last_id IS NOT NULL
  ), kept AS (
    UPDATE batches b SET size = $3,
      last_id = (SELECT id FROM emails WHERE id >= $1 AND id < cut.id ORDER BY id DESC LIMIT 1)
    FROM cut WHERE b.id = $1
  )
  INSERT INTO batches (id, last_id, ${REST_COLUMNS})
  SELECT cut.id, held.last_id, ${REST_VALUES} FROM held CROSS JOIN cut
  RETURNING id`;

/**
 * The same for a batch with explicit ids, whose emails name their batch and are written. They are locked in the order
 * of their ids. Parameters: id, epoch, how many stay, due time of the rest, id of the new batch.
 */
export const SPLIT_EXPLICIT = `/* batches.split_explicit */
  WITH ${HELD}, rest AS (
    SELECT e.id FROM held JOIN emails e ON e.id = ANY (held.ids) AND e.batch_id = held.id AND e.state IS NULL
    ORDER BY e.id OFFSET $3
    FOR UPDATE OF e
  ), moved AS (
    UPDATE emails SET batch_id = $5 WHERE id = ANY (ARRAY(SELECT id FROM rest))
  ), kept AS (
    UPDATE batches b SET size = $3 FROM held WHERE b.id = $1 AND EXISTS (SELECT FROM rest)
  )
  INSERT INTO batches (id, ids, ${REST_COLUMNS})
  SELECT $5::uuid, ARRAY(SELECT id FROM rest), ${REST_VALUES} FROM held
  WHERE held.ids IS NOT NULL AND EXISTS (SELECT FROM rest)
  RETURNING id`;
