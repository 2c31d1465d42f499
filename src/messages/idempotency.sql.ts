/**
 * Of two transactions with the same key the second gets false at once, and neither leaves anything behind when it
 * dies. Parameters: API key name, idempotency key.
 */
export const TRY_LOCK_KEY = `/* idempotency_keys.try_lock */
  SELECT pg_try_advisory_xact_lock(hashtextextended($2, hashtext($1))) AS locked`;

/** Parameters: API key name, idempotency key. */
export const FIND_KEY = `/* idempotency_keys.find */
  SELECT body_sha256, response FROM idempotency_keys WHERE api_key = $1 AND key = $2 AND expires_at > now()`;

/** Parameters: API key name, idempotency key, SHA-256 of the body, response, lifetime (hours). */
export const STORE_KEY = `/* idempotency_keys.store */
  INSERT INTO idempotency_keys (api_key, key, body_sha256, response, expires_at)
  VALUES ($1, $2, $3, $4, now() + make_interval(hours => $5))
  ON CONFLICT (api_key, key) DO UPDATE
  SET body_sha256 = excluded.body_sha256, response = excluded.response, expires_at = excluded.expires_at`;

/** Parameters: none. */
export const PURGE_KEYS = `/* idempotency_keys.purge */
  DELETE FROM idempotency_keys WHERE expires_at < now()`;
