import { CODE } from '../contracts/states.js';
import { BATCHES_BY_ID, BATCHES_OF_RANGES } from './messages.sql.js';

/**
 * Batches and what may become of their emails, but for what only an email knows (its own state, its address) or its delivery
 * (which generation it is of): each batch is judged once, not once for each of its emails. LIMIT insists on the index.
 */
const judgeFrom = (source: string) => `
  SELECT b.id, b.message_id, b.topic_id, b.generation,
    CASE
      WHEN m.id IS NULL THEN 'unknown'
      WHEN b.state = ${CODE.pending} THEN 'not_settled'
      WHEN b.state <> ${CODE.dispatched} THEN 'done'
      WHEN t.stopped_at >= b.accepted_at THEN 'stop'
      WHEN b.expires_at <= now() THEN 'expire'
      WHEN t.paused_at IS NOT NULL THEN 'hold'
      ELSE 'send'
    END AS verdict
  FROM ${source}
  LEFT JOIN LATERAL (SELECT id FROM messages WHERE id = b.message_id LIMIT 1) AS m ON true
  LEFT JOIN LATERAL (SELECT stopped_at, paused_at FROM topics WHERE topic_id = b.topic_id LIMIT 1) AS t ON true
  ORDER BY b.id`;

/** Parameters: first ids of ranges, their last. */
export const JUDGE_RANGES = `/* batches.judge_ranges */ ${judgeFrom(BATCHES_OF_RANGES)}`;

/** Parameters: ids of batches. */
export const JUDGE_BY_ID = `/* batches.judge_by_id */ ${judgeFrom(BATCHES_BY_ID)}`;
