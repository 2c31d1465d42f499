import type { MigrationInterface, QueryRunner } from 'typeorm';

const EVENT_COLUMNS = [
  'send',
  'delivery',
  'bounce',
  'complaint',
  'reject',
  'open',
  'click',
  'rendering_failure',
  'delivery_delay',
  'subscription',
  // of `open`: those that a person opened
  'human_open',
];

export class Events1795305600003 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE emails
        -- one bit per type of event that it has, in the order of contracts/event-types.ts
        ADD COLUMN events smallint NOT NULL DEFAULT 0,
        -- bit 0 opens, bit 1 clicks; null: as its message
        ADD COLUMN tracking smallint,
        ADD CONSTRAINT emails_tracking_check CHECK (tracking BETWEEN 0 AND 3)`);
    await db.query(`ALTER TABLE messages ADD COLUMN track_clicks boolean NOT NULL DEFAULT false`);

    // Keyed by the email first: its timeline is one range, and retention follows the email. The id is a hash of what
    // happened, so that the same event is stored once, however often and by whichever message it comes.
    await db.query(`
      CREATE TABLE events (
        email_id uuid NOT NULL,
        id uuid NOT NULL,
        type text NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        is_machine boolean,
        detail jsonb,
        raw jsonb,
        CONSTRAINT events_pkey PRIMARY KEY (email_id, id)
      ) PARTITION BY RANGE (email_id)`);
    await db.query(`CREATE TABLE events_default PARTITION OF events DEFAULT`);
    await this.partition(db, ['batches', 'emails', 'events']);
    await db.query(`SELECT ensure_partitions(3)`);

    await db.query(`
      CREATE TABLE provider_messages (
        provider_message_id text NOT NULL,
        email_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT provider_messages_pkey PRIMARY KEY (provider_message_id)
      )`);

    // Signed events whose email is not known yet, or is in a dispatcher's hands at this moment.
    await db.query(`
      CREATE TABLE unmatched_events (
        id uuid NOT NULL,
        event jsonb NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        retry_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT unmatched_events_pkey PRIMARY KEY (id)
      )`);
    // The retry takes what is due, oldest first.
    await db.query(`CREATE INDEX unmatched_events_retry_at_idx ON unmatched_events (retry_at)`);

    await db.query(`
      CREATE TABLE suppressions (
        -- in lower case: compared without case
        address text NOT NULL,
        reason text NOT NULL,
        source text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT suppressions_pkey PRIMARY KEY (address),
        CONSTRAINT suppressions_reason_check CHECK (reason IN ('bounce', 'complaint', 'soft_bounces', 'unsubscribe', 'manual'))
      )`);
    // The list, newest first, by keyset.
    await db.query(`CREATE INDEX suppressions_created_at_idx ON suppressions (created_at, address)`);

    // Transient bounces in a row; a delivery ends the row.
    await db.query(`
      CREATE TABLE soft_bounces (
        address text NOT NULL,
        count integer NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT soft_bounces_pkey PRIMARY KEY (address)
      )`);

    const counters = EVENT_COLUMNS.map((name) => `ADD COLUMN ${name} bigint NOT NULL DEFAULT 0`).join(', ');
    await db.query(`
      ALTER TABLE topic_counters ${counters},
        -- deliveries and opens of mail that carried a pixel: the open rate
        ADD COLUMN tracked_delivery bigint NOT NULL DEFAULT 0,
        ADD COLUMN last_activity_at timestamptz NOT NULL DEFAULT now()`);
    await db.query(`ALTER TABLE topic_buckets ${counters}`);
    // The list of topics, newest activity first.
    await db.query(`CREATE INDEX topic_counters_activity_idx ON topic_counters (last_activity_at, topic_id)`);
    // A topic's timeline; the primary key serves the sum over all topics.
    await db.query(`CREATE INDEX topic_buckets_topic_idx ON topic_buckets (topic_id, minute)`);
    // The log of one topic: its messages' emails are ranges, so no index on emails is needed.
    await db.query(`CREATE INDEX messages_topic_idx ON messages (topic_id, first_email_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX messages_topic_idx, topic_buckets_topic_idx, topic_counters_activity_idx`);
    const counters = EVENT_COLUMNS.map((name) => `DROP COLUMN ${name}`).join(', ');
    await db.query(`ALTER TABLE topic_buckets ${counters}`);
    await db.query(
      `ALTER TABLE topic_counters ${counters}, DROP COLUMN tracked_delivery, DROP COLUMN last_activity_at`,
    );
    await db.query(`DROP TABLE soft_bounces, suppressions, unmatched_events, provider_messages, events`);
    await this.partition(db, ['batches', 'emails']);
    await db.query(`ALTER TABLE messages DROP COLUMN track_clicks`);
    await db.query(`ALTER TABLE emails DROP COLUMN tracking, DROP COLUMN events`);
  }

  /** Replaces the function of the first migration by one for these tables. */
  private async partition(db: QueryRunner, parents: readonly string[]): Promise<void> {
    const [{ definition }] = (await db.query(
      `SELECT pg_get_functiondef('ensure_partitions(integer)'::regprocedure) AS definition`,
    )) as { definition: string }[];
    const list = parents.map((parent) => `'${parent}'`).join(', ');
    await db.query(definition.replace(/ARRAY\[[^\]]*\]/, `ARRAY[${list}]`));
  }
}
