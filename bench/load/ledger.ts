import type pg from 'pg';

/** Each variant begins with empty tables, so that none pays for what another has left. */
export async function emptyLedger(pool: pg.Pool): Promise<void> {
  await pool.query('TRUNCATE messages, batches, emails, topic_counters, topic_buckets');
}
