/** A lease is this much of the rate, at least one email: a grant costs one round trip for all of it. */
const LEASE_SECONDS = 0.1;
/**
 * So much of the rate is not lost when all senders ask late. With it and the time for which a sender keeps a token
 * (sender/pace.ts), ten seconds of three senders hold four percent more than the rate at the very most.
 */
const CREDIT_SECONDS = 0.1;
/** From a throttle's rate back to the whole one, in a straight line. */
const RECOVERY_SECONDS = 300;

const REFRESH_SECONDS = 300;
const REFRESH_WHILE_WAITING_SECONDS = 30;
const REFRESH_AFTER_THROTTLE_SECONDS = 10;

/** `least` passes over nulls; null is no limit. */
const MAX_RATE = 'least(provider_rate, configured_rate)';

const RATE = `
  least(${MAX_RATE}, lowered_rate + ${MAX_RATE} * extract(epoch FROM now() - throttled_at)::float8 / ${RECOVERY_SECONDS})`;

/** What is left of the quota; null: there is none. The provider's count and what was given away since. */
const LEFT = 'CASE WHEN max_24h IS NOT NULL THEN greatest(0, max_24h - sent_24h - granted) END';

/** Sent 24 hours ago, a minute's emails have all returned to the quota at its end. */
const RETURNS = `interval '24 hours 1 minute'`;

/**
 * Virtual scheduling: each lease takes the next stretch of time of so many emails, and stretches never overlap, since
 * the row is locked first. It counts as used, and what comes back unused does not. Parameters: wanted, unused of
 * earlier leases. Answers with the count (0: the quota is spent or the account is not enabled), the start of the
 * stretch (ms from now, below 0 when late) and the milliseconds per email, which are null where nothing limits the rate.
 */
export const LEASE = `/* limits.lease */
  WITH locked AS (
    -- A report in between may have taken off already what comes back.
    SELECT *, greatest(0, granted - $2::bigint) AS kept FROM send_limits FOR UPDATE
  ), state AS (
    SELECT ${RATE} AS rate, kept, is_sending_enabled,
      CASE WHEN max_24h IS NOT NULL THEN greatest(0, max_24h - sent_24h - kept) END AS left_today,
      greatest(next_at, now() - interval '${CREDIT_SECONDS} seconds') AS start_at
    FROM locked
  ), share AS (
    SELECT *, CASE WHEN is_sending_enabled
      THEN least($1::int, CASE WHEN rate IS NOT NULL THEN greatest(1, floor(rate * ${LEASE_SECONDS})) END, left_today)::int
      ELSE 0 END AS count
    FROM state
  ), taken AS (
    UPDATE send_limits SET granted = kept + count, next_at = start_at + count / rate * interval '1 second'
    FROM share WHERE rate IS NOT NULL AND (count > 0 OR $2 > 0)
  ), used AS (
    INSERT INTO send_usage AS usage (minute, count)
    SELECT date_trunc('minute', now()), count - $2 FROM share WHERE rate IS NOT NULL AND (count > 0 OR $2 > 0)
    ON CONFLICT (minute) DO UPDATE SET count = usage.count + excluded.count
  )
  SELECT count, (extract(epoch FROM start_at - clock_timestamp()) * 1000)::float8 AS start_ms, 1000 / rate AS step_ms
  FROM share`;

/** At most once a second, for one burst brings many throttle answers, and never below a tenth. */
export const LOWER_RATE = `/* limits.lower_rate */
  UPDATE send_limits SET lowered_rate = greatest(0.1 * ${MAX_RATE}, 0.7 * ${RATE}), throttled_at = now()
  WHERE throttled_at IS NULL OR throttled_at <= now() - interval '1 second'`;

/** Parameters: rate (null: no limit), whether the provider reports an account. */
export const CONFIGURE = `/* limits.configure */
  UPDATE send_limits SET configured_rate = $1,
    provider_rate = CASE WHEN $2 THEN provider_rate END,
    max_24h = CASE WHEN $2 THEN max_24h END,
    sent_24h = CASE WHEN $2 THEN sent_24h END,
    is_sending_enabled = is_sending_enabled OR NOT $2`;

/**
 * Whether this sender shall ask the provider now; one of all does. What was given away so far is remembered by the
 * asker: the report will hold it.
 */
export const CLAIM_REFRESH = `/* limits.claim_refresh */
  UPDATE send_limits SET refreshed_at = now()
  WHERE refreshed_at IS NULL OR refreshed_at <= now() - interval '1 second' * CASE
    WHEN throttled_at > refreshed_at THEN ${REFRESH_AFTER_THROTTLE_SECONDS}
    WHEN (${LEFT}) = 0 OR NOT is_sending_enabled THEN ${REFRESH_WHILE_WAITING_SECONDS}
    ELSE ${REFRESH_SECONDS}
  END
  RETURNING granted::float8 AS granted`;

/** Parameters: rate, quota, use (nulls: none), whether sending is enabled, what was given away before the question. */
export const REPORT = `/* limits.report */
  WITH old AS (
    DELETE FROM send_usage WHERE minute < now() - ${RETURNS}
  )
  UPDATE send_limits SET provider_rate = $1, max_24h = $2, sent_24h = $3, is_sending_enabled = $4,
    granted = greatest(0, granted - $5::bigint)`;

/** Parameters: milliseconds, reason. */
export const PAUSE = `/* limits.pause */
  UPDATE send_limits SET paused_until = now() + $1 * interval '1 millisecond', pause_reason = $2`;

export const RESUME = `/* limits.resume */
  UPDATE send_limits SET paused_until = NULL, pause_reason = NULL WHERE paused_until IS NOT NULL`;

/** A pause that nobody renewed for so long is over: its sender is gone. */
const STALE_PAUSE = `interval '1 minute'`;

export const STATUS = `/* limits.status */
  SELECT ${RATE} AS rate, (${LEFT})::float8 AS left_today, max_24h::float8 AS quota, is_sending_enabled,
    (SELECT min(minute) + ${RETURNS} FROM send_usage WHERE minute > now() - ${RETURNS}) AS quota_returns_at,
    CASE WHEN paused_until > now() - ${STALE_PAUSE} THEN paused_until END AS paused_until,
    CASE WHEN paused_until > now() - ${STALE_PAUSE} THEN pause_reason END AS pause_reason
  FROM send_limits`;

/** When so many emails have returned to the quota; null when we know of fewer. Parameters: count. */
export const QUOTA_RETURN = `/* limits.quota_return */
  SELECT minute + ${RETURNS} AS at FROM (
    SELECT minute, sum(count) OVER (ORDER BY minute) AS returned FROM send_usage WHERE minute > now() - ${RETURNS}
  ) AS usage
  WHERE returned >= $1 ORDER BY minute LIMIT 1`;
