import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The codes of `contracts/states.ts`, written out: a migration never changes with the code. */
export class Ledger1795305600000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE messages (
        id uuid NOT NULL,
        topic_id text NOT NULL,
        subject text NOT NULL,
        content text NOT NULL,
        -- its emails are first_email_id … + count - 1
        first_email_id uuid NOT NULL,
        count integer NOT NULL,
        track_opens boolean NOT NULL,
        api_key text NOT NULL,
        scheduled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT messages_pkey PRIMARY KEY (id),
        CONSTRAINT messages_count_check CHECK (count BETWEEN 1 AND 1000)
      )`);

    await db.query(`
      CREATE TABLE batches (
        -- a range batch: its first email id; an explicit one: an id of its own
        id uuid NOT NULL,
        -- a range batch: its last email id
        last_id uuid,
        -- an explicit batch: the emails that left their range
        ids uuid[],
        message_id uuid NOT NULL,
        topic_id text NOT NULL,
        state smallint NOT NULL DEFAULT 0,
        lane smallint NOT NULL,
        -- emails whose state is the batch's; exact while pending, what was dispatched afterwards
        size integer NOT NULL,
        generation integer NOT NULL DEFAULT 0,
        -- when it may be claimed: the due time, or the end of the current lease
        claim_at timestamptz NOT NULL,
        lease_owner text,
        epoch integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        last_error text,
        accepted_at timestamptz NOT NULL DEFAULT now(),
        dispatched_at timestamptz,
        CONSTRAINT batches_pkey PRIMARY KEY (id),
        -- pending, dispatched, failed, stopped, suppressed, expired: a batch is never half way
        CONSTRAINT batches_state_check CHECK (state IN (0, 1, 7, 8, 9, 10)),
        CONSTRAINT batches_dispatched_check CHECK ((state = 1) = (dispatched_at IS NOT NULL)),
        CONSTRAINT batches_lease_check CHECK (lease_owner IS NULL OR state = 0),
        CONSTRAINT batches_kind_check CHECK ((last_id IS NULL) <> (ids IS NULL)),
        CONSTRAINT batches_range_check CHECK (last_id >= id),
        CONSTRAINT batches_size_check CHECK (size BETWEEN 0 AND 1000),
        CONSTRAINT batches_lane_check CHECK (lane IN (0, 1))
      ) PARTITION BY RANGE (id)`);
    // The claim: per lane, in due order, without a sort; holds only what is pending, so it stays small.
    await db.query(`CREATE INDEX batches_claim_idx ON batches (lane, claim_at) WHERE state = 0`);
    // Stopping a topic finds what is pending of it without reading the backlog of the others.
    await db.query(`CREATE INDEX batches_topic_idx ON batches (topic_id) WHERE state = 0`);

    await db.query(`
      CREATE TABLE emails (
        id uuid NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        address text NOT NULL,
        -- null: as its batch
        state smallint,
        -- null: the batch whose range holds the id
        batch_id uuid,
        sent_at timestamptz,
        provider_message_id text,
        reason text,
        CONSTRAINT emails_pkey PRIMARY KEY (id),
        -- pending and dispatched are said by the batch alone
        CONSTRAINT emails_state_check CHECK (state BETWEEN 2 AND 11),
        -- sent, delivered, bounced and complained were accepted by a provider at some moment
        CONSTRAINT emails_sent_check CHECK (state IS NULL OR state NOT IN (3, 4, 5, 6) OR sent_at IS NOT NULL),
        CONSTRAINT emails_attempts_check CHECK (attempts >= 0)
      ) PARTITION BY RANGE (id)`);

    // Catch-all partitions: a clock that is off by months may not make a submission fail.
    await db.query(`CREATE TABLE batches_default PARTITION OF batches DEFAULT`);
    await db.query(`CREATE TABLE emails_default PARTITION OF emails DEFAULT`);

    // Monthly partitions by the time in the UUIDv7. SECURITY DEFINER: the run-time role may have no DDL.
    // CREATE … LIKE and ATTACH lock the parent against other DDL only; PARTITION OF would stop every reader.
    await db.query(`
      CREATE FUNCTION ensure_partitions(months_ahead integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
      DECLARE
        parent text;
        month timestamp;
        name text;
        made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('messages-api-gateway ensure_partitions'));
        FOR step IN 0 .. months_ahead LOOP
          month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step);
          FOREACH parent IN ARRAY ARRAY['batches', 'emails'] LOOP
            name := parent || to_char(month, '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass(quote_ident(name)) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              parent, name, uuid_floor(month), uuid_floor(month + interval '1 month'));
            made := made + 1;
          END LOOP;
        END LOOP;
        RETURN made;
      END $body$`);
    await db.query(`
      CREATE FUNCTION uuid_floor(moment timestamp) RETURNS uuid LANGUAGE sql IMMUTABLE AS $body$
        SELECT rpad(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
      $body$`);
    await db.query(`SELECT ensure_partitions(3)`);

    await db.query(`
      CREATE TABLE topics (
        topic_id text NOT NULL,
        -- what was accepted up to this moment is not sent any more
        stopped_at timestamptz,
        CONSTRAINT topics_pkey PRIMARY KEY (topic_id)
      )`);

    // One row per topic, so that moving n emails from one state to another is one update, and the sum is a CHECK.
    await db.query(`
      CREATE TABLE topic_counters (
        topic_id text NOT NULL,
        total bigint NOT NULL DEFAULT 0,
        pending bigint NOT NULL DEFAULT 0,
        dispatched bigint NOT NULL DEFAULT 0,
        sending bigint NOT NULL DEFAULT 0,
        sent bigint NOT NULL DEFAULT 0,
        delivered bigint NOT NULL DEFAULT 0,
        bounced bigint NOT NULL DEFAULT 0,
        complained bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0,
        stopped bigint NOT NULL DEFAULT 0,
        suppressed bigint NOT NULL DEFAULT 0,
        expired bigint NOT NULL DEFAULT 0,
        uncertain bigint NOT NULL DEFAULT 0,
        CONSTRAINT topic_counters_pkey PRIMARY KEY (topic_id),
        CONSTRAINT topic_counters_sum_check CHECK (total = pending + dispatched + sending + sent + delivered + bounced
          + complained + failed + stopped + suppressed + expired + uncertain)
      ) WITH (fillfactor = 50)`);

    await db.query(`
      CREATE TABLE topic_buckets (
        minute timestamptz NOT NULL,
        topic_id text NOT NULL,
        -- emails dispatched for the first time
        dispatched bigint NOT NULL DEFAULT 0,
        CONSTRAINT topic_buckets_pkey PRIMARY KEY (minute, topic_id)
      ) WITH (fillfactor = 50)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE topic_buckets, topic_counters, topics, emails, batches, messages`);
    await db.query(`DROP FUNCTION ensure_partitions(integer)`);
    await db.query(`DROP FUNCTION uuid_floor(timestamp)`);
  }
}
