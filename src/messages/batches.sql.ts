import { CODE } from '../contracts/states.js';
import { SUPPRESSION_OF_EMAIL } from '../suppressions/suppressions.sql.js';

/**
 * Leases due batches of one lane: the lease's end becomes the next moment at which anybody may claim. As many as begin
 * within the room: the last of them may be larger than what is left of it. The LIMIT stands in its own CTE: as a plain
 * subquery it may be evaluated again and claim too many. The bounds insist on the index: in a month that has just begun a plan
 * would read all of it, and look through the whole list for each batch, until the next autovacuum (120 ms for 512 of 10,000
 * batches instead of 11). Parameters: lane, limit, owner, lease (seconds), room (emails).
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
      AND id BETWEEN (SELECT id FROM due ORDER BY id LIMIT 1) AND (SELECT id FROM due ORDER BY id DESC LIMIT 1)
    RETURNING id, epoch, generation, attempts, message_id, topic_id, size, accepted_at, expires_at, is_first
  )
  SELECT claimed.*, due.due_at, coalesce(topics.stopped_at >= claimed.accepted_at, false) AS is_stopped,
    coalesce(claimed.expires_at <= now(), false) AS is_expired, topics.paused_at IS NOT NULL AS is_paused
  FROM claimed JOIN due USING (id) LEFT JOIN topics USING (topic_id)`;

/**
 * Leases pending batches that nobody leases and whose emails may be sent now: what is held, stopped, late or not due yet is left
 * to the dispatcher. Never waits. Parameters: ids, owner, lease (seconds).
 */
export const LEASE_PENDING = `/* batches.lease_pending */
  WITH free AS (
    SELECT b.id, b.claim_at AS due_at
    FROM batches b
    LEFT JOIN LATERAL (SELECT scheduled_at FROM messages WHERE id = b.message_id LIMIT 1) AS m ON true
    LEFT JOIN topics t USING (topic_id)
    WHERE b.id = ANY ($1::uuid[]) AND b.state = ${CODE.pending} AND b.claim_at < 'infinity'
      AND (b.lease_owner IS NULL OR b.claim_at <= now())
      AND coalesce(b.scheduled_at, m.scheduled_at, now()) <= now() AND coalesce(b.expires_at > now(), true)
      AND t.paused_at IS NULL AND coalesce(t.stopped_at < b.accepted_at, true)
    ORDER BY b.id FOR UPDATE OF b SKIP LOCKED
  )
  UPDATE batches b SET lease_owner = $2, epoch = b.epoch + 1, claim_at = now() + make_interval(secs => $3)
  FROM free WHERE b.id = free.id AND b.id = ANY ($1::uuid[])
  RETURNING b.id, b.epoch, b.generation, b.attempts, b.message_id, b.topic_id, b.size, free.due_at, b.is_first,
    false AS is_stopped, false AS is_expired, false AS is_paused`;

/** Of an id in its range (contracts/ids.ts). */
const indexOf = (id: string) => `('x' || right(${id}::text, 3))::bit(12)::int`;

/**
 * Addresses hold no spaces (contracts/address.ts), so one text per batch carries them all. Tracking that differs from
 * the message's is rare, and null where no email of the batch has any; likewise variables, and suppressions, of which
 * the list has the last word. No ids where they follow from the first: no email has left the batch. Parameters: batch
 * ids, whether variables are wanted.
 */
export const LOAD_EMAILS = `/* batches.load_emails */
  SELECT b.id, min(b.size) AS size, string_agg(e.id::text, ' ' ORDER BY e.id) FILTER (WHERE NOT b.is_whole) AS ids,
    string_agg(e.address, ' ' ORDER BY e.id) AS addresses,
    json_object_agg(e.id, e.tracking) FILTER (WHERE e.tracking IS NOT NULL) AS tracking,
    json_object_agg(e.id, e.variables) FILTER (WHERE $2 AND e.variables IS NOT NULL) AS variables,
    json_object_agg(e.id, suppression.reason) FILTER (WHERE suppression.reason IS NOT NULL) AS suppressed
  FROM (
    SELECT id, last_id, ids, topic_id, size,
      ids IS NULL AND size = ${indexOf('last_id')} - ${indexOf('id')} + 1 AS is_whole
    FROM batches WHERE id = ANY ($1::uuid[])
  ) AS b
  CROSS JOIN LATERAL (
    SELECT id, address, tracking, variables FROM emails
    WHERE b.ids IS NULL AND id BETWEEN b.id AND b.last_id AND batch_id IS NULL AND state IS NULL
    UNION ALL
    SELECT id, address, tracking, variables FROM emails
    WHERE b.ids IS NOT NULL AND id = ANY (b.ids) AND batch_id = b.id AND state IS NULL
  ) AS e
  ${SUPPRESSION_OF_EMAIL}
  GROUP BY b.id`;

/** Milliseconds until the next claim is possible, null without any. What a pause holds is to be claimed at infinity. */
export const NEXT_CLAIM = `/* batches.next_claim */
  SELECT ceil(extract(epoch FROM least(
    (SELECT min(claim_at) FROM batches WHERE state = ${CODE.pending} AND lane = 0 AND claim_at < 'infinity'),
    (SELECT min(claim_at) FROM batches WHERE state = ${CODE.pending} AND lane = 1 AND claim_at < 'infinity')
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

/** Leased batches that nobody shall send. Parameters: ids, state, reason (null: none). */
export const MARK_ENDED = `/* batches.mark_ended */
  UPDATE batches SET state = $2, last_error = $3, lease_owner = NULL, ended_at = now() WHERE id = ANY ($1::uuid[])`;

/** Emails that the queue can never take. Parameters: ids, reason. */
export const MARK_EMAILS_FAILED = `/* emails.mark_failed */
  UPDATE emails SET state = ${CODE.failed}, reason = $2, ended_at = now() WHERE id = ANY ($1::uuid[])`;

/** Emails that were suppressed while they were pending. Parameters: ids, reasons. */
export const MARK_EMAILS_SUPPRESSED = `/* emails.mark_suppressed */
  UPDATE emails e SET state = ${CODE.suppressed}, reason = blocked.reason, ended_at = now()
  FROM unnest($1::uuid[], $2::text[]) AS blocked (id, reason)
  WHERE e.id = blocked.id AND e.id = ANY ($1::uuid[])`;

/**
 * Stops what is pending of a topic and not leased at this moment; what is leased is stopped by the next claim or by
 * the sender. Parameters: topic.
 */
export const STOP_PENDING = `/* batches.stop_pending */
  UPDATE batches SET state = ${CODE.stopped}, ended_at = now()
  WHERE topic_id = $1 AND state = ${CODE.pending} AND lease_owner IS NULL
  RETURNING size`;

/**
 * Those pending batches that nobody leases, locked. Never waits: a settle holds its batches and waits for emails,
 * whoever takes single emails out of a batch holds those. Nor may a lease have come and gone since the batches were
 * read: it may have split them. Parameters: batch ids, epochs.
 */
export const TRY_LOCK_BATCHES = `/* batches.try_lock */
  SELECT b.id FROM batches b
  JOIN unnest($1::uuid[], $2::int[]) AS known (id, epoch) ON known.id = b.id AND known.epoch = b.epoch
  WHERE b.id = ANY ($1::uuid[]) AND b.state = ${CODE.pending} AND b.lease_owner IS NULL
  ORDER BY b.id FOR UPDATE OF b SKIP LOCKED`;

/** Emails take a state or a batch of their own out of pending batches. Parameters: batch ids, how many leave each. */
export const LEAVE_BATCHES = `/* batches.leave */
  UPDATE batches b SET size = b.size - leaving.count
  FROM unnest($1::uuid[], $2::int[]) AS leaving (id, count)
  WHERE b.id = leaving.id AND b.id = ANY ($1::uuid[])`;

/**
 * Emails leave their batches for new ones with explicit ids, which copy what they do not change. The caller holds
 * the emails and has settled their old state. No delay ends before the emails' schedule. Parameters: email ids, new
 * batch of each email; new batch ids, their sources, delays (ms; null: held), steps of the generation, attempts,
 * errors, schedules (null: as before), whether they count as accepted now, whether they no longer expire.
 */
export const REGROUP = `/* batches.regroup */
  WITH moved AS (
    UPDATE emails e SET batch_id = target.batch_id, state = NULL
    FROM unnest($1::uuid[], $2::uuid[]) AS target (id, batch_id)
    WHERE e.id = target.id AND e.id = ANY ($1::uuid[])
  )
  INSERT INTO batches
    (id, ids, message_id, topic_id, lane, size, generation, is_first, claim_at, accepted_at, scheduled_at, expires_at,
      attempts, last_error)
  SELECT new.id, member.ids, source.message_id, source.topic_id, source.lane, cardinality(member.ids),
    source.generation + new.generation_step,
    source.is_first AND (new.generation_step = 0 OR source.state <> ${CODE.dispatched}),
    greatest(coalesce(new.scheduled_at, source.scheduled_at, m.scheduled_at),
      coalesce(now() + new.delay_ms * interval '1 millisecond', 'infinity')),
    CASE WHEN new.is_accepted_now THEN now() ELSE source.accepted_at END,
    coalesce(new.scheduled_at, source.scheduled_at),
    CASE WHEN new.never_expires THEN NULL ELSE source.expires_at END, new.attempts, new.error
  FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::int[], $8::text[], $9::timestamptz[], $10::boolean[],
      $11::boolean[])
    AS new (id, source_id, delay_ms, generation_step, attempts, error, scheduled_at, is_accepted_now, never_expires)
  JOIN batches source ON source.id = new.source_id AND source.id = ANY ($4::uuid[])
  LEFT JOIN messages m ON m.id = source.message_id
  CROSS JOIN LATERAL (
    SELECT array_agg(target.id) AS ids FROM unnest($1::uuid[], $2::uuid[]) AS target (id, batch_id)
    WHERE target.batch_id = new.id
  ) AS member`;
