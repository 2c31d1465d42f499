import { RANGE_SIZE } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';

/**
 * Batches and what may become of their emails, but for what only an email knows (its own state, its address) or its delivery
 * (which generation it is of): each batch is judged once, not once for each of its emails. Those of ranges by the start of
 * the range (ids.ts), of which it has never more; explicit ones by their id. LIMIT insists on the index for each: a plan that
 * serves all parameters would read the partitions from end to end. Parameters: starts of ranges, ids.
 */
export const JUDGE_BATCHES = `/* batches.judge */
  SELECT b.id, b.message_id, b.topic_id, b.generation,
    CASE
      WHEN NOT EXISTS (SELECT FROM messages WHERE id = b.message_id) THEN 'unknown'
      WHEN b.state = ${CODE.pending} THEN 'not_settled'
      WHEN b.state <> ${CODE.dispatched} THEN 'done'
      WHEN t.stopped_at >= b.accepted_at THEN 'stop'
      WHEN b.expires_at <= now() THEN 'expire'
      WHEN t.paused_at IS NOT NULL THEN 'hold'
      ELSE 'send'
    END AS verdict
  FROM (
    SELECT ranged.* FROM unnest($1::uuid[]) AS range (first) CROSS JOIN LATERAL (
      SELECT * FROM batches
      WHERE id BETWEEN range.first AND (left(range.first::text, 33) || 'fff')::uuid AND last_id IS NOT NULL
      ORDER BY id LIMIT ${RANGE_SIZE}
    ) AS ranged
    UNION ALL
    SELECT explicit.* FROM unnest($2::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
      SELECT * FROM batches WHERE id = wanted.id LIMIT 1
    ) AS explicit
  ) AS b
  LEFT JOIN LATERAL (SELECT stopped_at, paused_at FROM topics WHERE topic_id = b.topic_id LIMIT 1) AS t ON true
  ORDER BY b.id`;
