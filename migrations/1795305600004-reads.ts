import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Reads1795305600004 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // The fold of minutes into hours finds what is left to do without reading years of hours.
    await db.query(`
      CREATE INDEX topic_buckets_minutes_idx ON topic_buckets (minute)
      WHERE extract(minute FROM minute AT TIME ZONE 'UTC') <> 0`);
    // The log by a state that is an exception (bounced and all after it): newest first. Common states need no index.
    await db.query(`CREATE INDEX emails_exceptional_idx ON emails (state, id) WHERE state >= 5`);
    // The same for emails that are as their batch, and for pending ones.
    await db.query(`CREATE INDEX batches_state_idx ON batches (state, id) WHERE state <> 1`);
    // The log by address: a filter of some hundred bytes per 32 pages instead of an entry per email.
    await db.query(`
      CREATE INDEX emails_address_idx ON emails
      USING brin (lower(address) text_bloom_ops (n_distinct_per_range = 2600, false_positive_rate = 0.001))
      WITH (pages_per_range = 32, autosummarize = on)`);
    // What is not summarised yet is read row by row. Where a VACUUM runs, which summarises too, it is not waited for:
    // a waiting lock would end an autovacuum. SECURITY DEFINER: the run-time role does not own the tables.
    await db.query(`
      CREATE FUNCTION summarize_addresses() RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms' AS $body$
      DECLARE
        part regclass;
        summarized integer := 0;
      BEGIN
        FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'emails_address_idx'::regclass LOOP
          BEGIN
            summarized := summarized + brin_summarize_new_values(part);
          EXCEPTION WHEN lock_not_available THEN
            NULL;
          END;
        END LOOP;
        RETURN summarized;
      END $body$`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP FUNCTION summarize_addresses()`);
    await db.query(
      `DROP INDEX emails_address_idx, batches_state_idx, emails_exceptional_idx, topic_buckets_minutes_idx`,
    );
  }
}
