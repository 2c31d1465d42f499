import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The codes and columns of the ledger, written out: a migration never changes with the code. */
const COUNTERS = [
  'total',
  'pending',
  'dispatched',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'complained',
  'failed',
  'stopped',
  'suppressed',
  'expired',
  'uncertain',
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
  'human_open',
  'tracked_delivery',
];

const NIL = '00000000-0000-0000-0000-000000000000';

export class Retention1795305600020 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE emails
        -- when it came to its own state, if that is an end and \`sent_at\` does not say it
        ADD COLUMN ended_at timestamptz`);
    await db.query(`
      ALTER TABLE batches
        -- when it came to its state, if that is an end
        ADD COLUMN ended_at timestamptz`);

    // What the counters hold of emails that are no longer stored: the recount adds it to what it counts.
    await db.query(`
      CREATE TABLE removed_counters (
        topic_id text NOT NULL,
        ${COUNTERS.map((name) => `${name} bigint NOT NULL DEFAULT 0`).join(', ')},
        CONSTRAINT removed_counters_pkey PRIMARY KEY (topic_id)
      )`);
    await db.query(`
      ALTER TABLE topic_buckets
        -- of \`dispatched\`: those whose batch is no longer stored; stands in hours alone
        ADD COLUMN removed bigint NOT NULL DEFAULT 0`);

    // One row: the month that is being removed, empty while none is. Nothing in it changes any more.
    await db.query(`
      CREATE TABLE removal_seal (
        id smallint NOT NULL DEFAULT 1,
        first_id uuid NOT NULL DEFAULT '${NIL}',
        behind_id uuid NOT NULL DEFAULT '${NIL}',
        -- another with each seal: a fence against a run that was given up for dead
        token uuid NOT NULL DEFAULT '${NIL}',
        CONSTRAINT removal_seal_pkey PRIMARY KEY (id),
        CONSTRAINT removal_seal_id_check CHECK (id = 1)
      )`);
    await db.query(`INSERT INTO removal_seal DEFAULT VALUES`);

    // One row: how far retention has come.
    await db.query(`
      CREATE TABLE retention (
        id smallint NOT NULL DEFAULT 1,
        -- since when it is known when mail ends: what ended before counts from here
        since timestamptz NOT NULL DEFAULT now(),
        -- the content of all messages up to this id was removed, or they are postponed
        contents_until uuid NOT NULL DEFAULT '${NIL}',
        months_look_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT retention_pkey PRIMARY KEY (id),
        CONSTRAINT retention_id_check CHECK (id = 1)
      )`);
    await db.query(`INSERT INTO retention DEFAULT VALUES`);

    // Messages that were old enough by their id, and not finished or not for long enough.
    await db.query(`
      CREATE TABLE retention_postponed (
        message_id uuid NOT NULL,
        look_at timestamptz NOT NULL,
        CONSTRAINT retention_postponed_pkey PRIMARY KEY (message_id)
      )`);
    // What is to be looked at again.
    await db.query(`CREATE INDEX retention_postponed_look_at_idx ON retention_postponed (look_at)`);

    // Persons who are being erased; a row goes when nothing of the address is left.
    await db.query(`
      CREATE TABLE erasures (
        -- in lower case: compared without case
        address text NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT erasures_pkey PRIMARY KEY (address)
      )`);

    // SECURITY DEFINER: the run-time role may have no DDL. Whoever waits for these locks stops all who come behind, so
    // the wait is short, and its failure an answer. Locks of the table are had before a statement's snapshot is taken:
    // behind this wait, nobody is left who has not seen what was committed before it.
    await db.query(`
      CREATE FUNCTION wait_for_writers(month text) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms' AS $body$
      BEGIN
        EXECUTE format('LOCK TABLE %I IN EXCLUSIVE MODE', 'emails_' || month);
      END $body$`);
    // Only what is sealed, and by the caller's own seal, which nobody takes away until it is gone.
    await db.query(`
      CREATE FUNCTION drop_month(month text, seal uuid) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms' AS $body$
      DECLARE
        parent text;
      BEGIN
        PERFORM FROM removal_seal
        WHERE first_id = uuid_floor(to_date(month, 'YYYY_MM')::timestamp) AND token = seal FOR UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'month % is not sealed', month;
        END IF;
        FOREACH parent IN ARRAY ARRAY['emails', 'batches', 'events'] LOOP
          EXECUTE format('DROP TABLE IF EXISTS %I', parent || '_' || month);
        END LOOP;
      END $body$`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP FUNCTION drop_month(text, uuid)`);
    await db.query(`DROP FUNCTION wait_for_writers(text)`);
    await db.query(`DROP TABLE erasures, retention_postponed, retention, removal_seal`);
    await db.query(`ALTER TABLE topic_buckets DROP COLUMN removed`);
    await db.query(`DROP TABLE removed_counters`);
    await db.query(`ALTER TABLE batches DROP COLUMN ended_at`);
    await db.query(`ALTER TABLE emails DROP COLUMN ended_at`);
  }
}
