/** So that there is a row to lock. Parameters: topic. */
export const ENSURE_TOPIC = `/* pauses.ensure_topic */
  INSERT INTO topics (topic_id) VALUES ($1) ON CONFLICT (topic_id) DO NOTHING`;

/** Parameters: topic. */
export const LOCK_TOPIC = `/* pauses.lock_topic */
  SELECT paused_at IS NOT NULL AS is_paused FROM topics WHERE topic_id = $1 FOR UPDATE`;

/** Parameters: topic, reason (null: a caller's wish). */
export const PAUSE = `/* pauses.pause */
  UPDATE topics SET paused_at = now(), pause_reason = $2 WHERE topic_id = $1`;

/** What the provider took of a topic: what it said so of, or where it does not, what is in a state after that. */
const SENT = 'greatest(c.send, c.sent + c.delivered + c.bounced + c.complained)';

/** The counters of this moment are where the breaker starts to judge anew. Parameters: topic. */
export const RESUME = `/* pauses.resume */
  UPDATE topics t SET paused_at = NULL, pause_reason = NULL, resumed_sent = coalesce(now_at.sent, 0),
    resumed_bounced = coalesce(now_at.bounced, 0), resumed_complained = coalesce(now_at.complained, 0)
  FROM (SELECT $1::text AS topic_id) AS wanted
  LEFT JOIN LATERAL (
    SELECT ${SENT} AS sent, c.bounce AS bounced, c.complaint AS complained FROM topic_counters c
    WHERE c.topic_id = wanted.topic_id
  ) AS now_at ON true
  WHERE t.topic_id = wanted.topic_id AND t.paused_at IS NOT NULL`;

/** What became of a topic's mail since it was last resumed. Parameters: topic. */
export const SINCE_RESUME = `/* pauses.since_resume */
  SELECT (${SENT} - coalesce(t.resumed_sent, 0))::float8 AS sent,
    (c.bounce - coalesce(t.resumed_bounced, 0))::float8 AS bounced,
    (c.complaint - coalesce(t.resumed_complained, 0))::float8 AS complained, t.paused_at IS NOT NULL AS "isPaused"
  FROM topic_counters c LEFT JOIN topics t USING (topic_id)
  WHERE c.topic_id = $1`;
