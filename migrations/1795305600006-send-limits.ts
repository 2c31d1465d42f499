import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SendLimits1795305600006 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // One row, updated several times a second by each sender: room for HOT updates, and no index but the key.
    await db.query(`
      CREATE TABLE send_limits (
        id smallint NOT NULL DEFAULT 1,
        -- up to here the rate has been given away
        next_at timestamptz NOT NULL DEFAULT now(),
        -- emails per second; the smaller counts, null is no limit
        provider_rate double precision,
        configured_rate double precision,
        -- what the last throttle answer left of the rate
        lowered_rate double precision,
        throttled_at timestamptz,
        -- the provider's quota and its use when it last reported; null: it has none
        max_24h bigint,
        sent_24h bigint,
        -- given away since that report
        granted bigint NOT NULL DEFAULT 0,
        is_sending_enabled boolean NOT NULL DEFAULT true,
        -- when a sender last set out to ask the provider
        refreshed_at timestamptz,
        -- what a sender is waiting for since the provider could not be used; for people, nobody is held by it
        paused_until timestamptz,
        pause_reason text,
        CONSTRAINT send_limits_pkey PRIMARY KEY (id),
        CONSTRAINT send_limits_single_check CHECK (id = 1),
        CONSTRAINT send_limits_rate_check CHECK (provider_rate > 0 AND configured_rate > 0 AND lowered_rate > 0),
        CONSTRAINT send_limits_lowered_check CHECK (lowered_rate IS NULL OR throttled_at IS NOT NULL),
        CONSTRAINT send_limits_quota_check CHECK ((max_24h IS NULL) = (sent_24h IS NULL)),
        CONSTRAINT send_limits_pause_check CHECK ((paused_until IS NULL) = (pause_reason IS NULL))
      ) WITH (fillfactor = 20)`);
    await db.query(`INSERT INTO send_limits DEFAULT VALUES`);

    // A day of minutes: when they return to the quota.
    await db.query(`
      CREATE TABLE send_usage (
        minute timestamptz NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT send_usage_pkey PRIMARY KEY (minute)
      ) WITH (fillfactor = 50)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE send_usage, send_limits`);
  }
}
