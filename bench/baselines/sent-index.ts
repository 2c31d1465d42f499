import type { Stack } from '../../test/support/stack.js';

/** The moment of each email's dispatch under an index, as one would count without buckets. */
export async function makeSentIndex(stack: Stack): Promise<void> {
  await stack.query(`CREATE UNLOGGED TABLE bench_sent AS
    SELECT dispatched_at AS at FROM batches CROSS JOIN LATERAL generate_series(1, size) WHERE dispatched_at IS NOT NULL`);
  await stack.query(`CREATE INDEX bench_sent_idx ON bench_sent (at)`);
  // The visibility map: without it an index-only scan reads the table as well.
  await stack.query(`VACUUM (ANALYZE) bench_sent`);
}

/** Parameters: hours. */
export const COUNT_BY_INDEX = `/* bench.count_by_index */
  SELECT count(*)::float8 AS count FROM bench_sent WHERE at >= date_trunc('minute', now() - make_interval(hours => $1))`;
