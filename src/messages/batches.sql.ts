import { CODE } from '../contracts/states.js';

/**
 * Leases due batches of one lane: the lease's end becomes the next moment at which anybody may claim. As many as begin
 * within the room: the last of them may be larger than what is left of it. The LIMIT stands in its own CTE: as a plain
 * subquery it may be evaluated again and claim too many. Parameters: lane, limit, owner, lease (seconds), room (emails).
 */
export const CLAIM_DUE = `/* batches.claim_due */
  WITH due AS (
    SELECT id, claim_at AS due_at, size FROM batches
    WHERE state = ${CODE.pending} AND lane = $1 AND claim_at <= now()
    ORDER BY claim_at LIMIT $2
    FOR UPDATE SKIP LOCKED
  ), placed AS (
    SELECT id, sum(size) OVER (ORDER BY due_at, id) - size AS before FROM due
  ), claimed AS (
    UPDATE batches SET lease_owner = $3, epoch = epoch + 1, claim_at = now() + make_interval(secs => $4)
    WHERE id = ANY (ARRAY(SELECT id FROM placed WHERE before < $5))
    RETURNING id, epoch, generation, attempts, message_id, topic_id, size, accepted_at
  )
  SELECT claimed.*, due.due_at, coalesce(topics.stopped_at >= claimed.accepted_at, false) AS is_stopped
  FROM claimed JOIN due USING (id) LEFT JOIN topics USING (topic_id)`;

/**
 * Addresses hold no spaces (contracts/address.ts), so one text per batch carries them all. Tracking that differs from
 * the message's is rare, and null where no email of the batch has any. Parameters: batch ids.
 */
export const LOAD_EMAILS = `/* batches.load_emails */
  SELECT b.id, string_agg(e.id::text, ' ' ORDER BY e.id) AS ids, string_agg(e.address, ' ' ORDER BY e.id) AS addresses,
    json_object_agg(e.id, e.tracking) FILTER (WHERE e.tracking IS NOT NULL) AS tracking
  FROM (SELECT id, last_id, ids FROM batches WHERE id = ANY ($1::uuid[])) AS b
  CROSS JOIN LATERAL (
    SELECT id, address, tracking FROM emails
    WHERE b.ids IS NULL AND id BETWEEN b.id AND b.last_id AND batch_id IS NULL AND state IS NULL
    UNION ALL
    SELECT id, address, tracking FROM emails
    WHERE b.ids IS NOT NULL AND id = ANY (b.ids) AND batch_id = b.id AND state IS NULL
  ) AS e
  GROUP BY b.id`;

/** Milliseconds until the next claim is possible, null without any. */
export const NEXT_CLAIM = `/* batches.next_claim */
  SELECT ceil(extract(epoch FROM least(
    (SELECT min(claim_at) FROM batches WHERE state = ${CODE.pending} AND lane = 0),
    (SELECT min(claim_at) FROM batches WHERE state = ${CODE.pending} AND lane = 1)
  ) - clock_timestamp()) * 1000)::float8 AS wait_ms`;

/** Those of the batches that this lease still holds, locked. Parameters: ids, epochs. */
export const HOLD = `/* batches.hold */
  SELECT b.id FROM batches b
  JOIN unnest($1::uuid[], $2::int[]) AS leased (id, epoch) ON leased.id = b.id AND leased.epoch = b.epoch
  WHERE b.id = ANY ($1::uuid[]) AND b.state = ${CODE.pending} AND b.lease_owner IS NOT NULL
  ORDER BY b.id
  FOR UPDATE OF b`;

/** Parameters: ids, sizes (what was acknowledged). */
export const MARK_DISPATCHED = `/* batches.mark_dispatched */
  UPDATE batches b SET state = ${CODE.dispatched}, size = done.size, dispatched_at = now(), lease_owner = NULL
  FROM unnest($1::uuid[], $2::int[]) AS done (id, size)
  WHERE b.id = done.id AND b.id = ANY ($1::uuid[])`;

/** Gives leased batches back with a delay. Parameters: ids, delays (ms), errors (null: keeps the count of attempts). */
export const RELEASE = `/* batches.release */
  UPDATE batches b SET lease_owner = NULL, claim_at = now() + back.delay_ms * interval '1 millisecond',
    attempts = b.attempts + (back.error IS NOT NULL)::int, last_error = coalesce(back.error, b.last_error)
  FROM unnest($1::uuid[], $2::int[], $3::text[]) AS back (id, delay_ms, error)
  WHERE b.id = back.id AND b.id = ANY ($1::uuid[])`;

/** Parameters: ids of leased batches. */
export const MARK_STOPPED = `/* batches.mark_stopped */
  UPDATE batches SET state = ${CODE.stopped}, lease_owner = NULL WHERE id = ANY ($1::uuid[])`;

/** Emails that the queue can never take. Parameters: ids, reason. */
export const MARK_EMAILS_FAILED = `/* emails.mark_failed */
  UPDATE emails SET state = ${CODE.failed}, reason = $2 WHERE id = ANY ($1::uuid[])`;

/** Emails that were suppressed while they were pending. Parameters: ids, reasons. */
export const MARK_EMAILS_SUPPRESSED = `/* emails.mark_suppressed */
  UPDATE emails e SET state = ${CODE.suppressed}, reason = blocked.reason
  FROM unnest($1::uuid[], $2::text[]) AS blocked (id, reason)
  WHERE e.id = blocked.id AND e.id = ANY ($1::uuid[])`;

/**
 * Stops what is pending of a topic and not leased at this moment; what is leased is stopped by the next claim or by
 * the sender. Parameters: topic.
 */
export const STOP_PENDING = `/* batches.stop_pending */
  UPDATE batches SET state = ${CODE.stopped}
  WHERE topic_id = $1 AND state = ${CODE.pending} AND lease_owner IS NULL
  RETURNING size`;

/**
 * Emails leave their batches for new ones with explicit ids, which copy what they do not change. The caller holds
 * the emails and has settled their old state. Parameters: email ids, new batch of each email; new batch ids, their
 * sources, delays (ms), steps of the generation, attempts, errors.
 */
export const REGROUP = `/* batches.regroup */
  WITH moved AS (
    UPDATE emails e SET batch_id = target.batch_id, state = NULL
    FROM unnest($1::uuid[], $2::uuid[]) AS target (id, batch_id)
    WHERE e.id = target.id AND e.id = ANY ($1::uuid[])
  )
  INSERT INTO batches
    (id, ids, message_id, topic_id, lane, size, generation, claim_at, accepted_at, attempts, last_error)
  SELECT new.id, member.ids, source.message_id, source.topic_id, source.lane, cardinality(member.ids),
    source.generation + new.generation_step, now() + new.delay_ms * interval '1 millisecond', source.accepted_at,
    new.attempts, new.error
  FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::int[], $8::text[])
    AS new (id, source_id, delay_ms, generation_step, attempts, error)
  JOIN batches source ON source.id = new.source_id AND source.id = ANY ($4::uuid[])
  CROSS JOIN LATERAL (
    SELECT array_agg(target.id) AS ids FROM unnest($1::uuid[], $2::uuid[]) AS target (id, batch_id)
    WHERE target.batch_id = new.id
  ) AS member`;
