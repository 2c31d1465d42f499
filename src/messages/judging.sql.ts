import { CODE } from '../contracts/states.js';
import { BATCHES_OF_EMAILS } from './messages.sql.js';

/**
 * Batches and what may become of their emails, but for what only an email knows (its own state, its address) or its delivery
 * (which generation it is of): each batch is judged once, not once for each of its emails. Parameters: starts of ranges,
 * ids of batches.
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
  FROM ${BATCHES_OF_EMAILS}
  LEFT JOIN LATERAL (SELECT stopped_at, paused_at FROM topics WHERE topic_id = b.topic_id LIMIT 1) AS t ON true
  ORDER BY b.id`;
