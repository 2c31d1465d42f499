import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { ADVISORY_LOCK } from './advisory-locks.js';

/** How many months of partitions exist ahead of the current one. */
export const PARTITION_MONTHS_AHEAD = 3;

/**
 * Runs the pending migrations, each in a transaction of its own, while no other process does: TypeORM itself takes
 * no lock, and of three that start together two fail with a duplicate key. Returns the names of those that ran here.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  return underLock(dataSource, async () => {
    await refuseNewerSchema(dataSource);
    const done = await dataSource.runMigrations({ transaction: 'each' });
    await dataSource.query('SELECT ensure_partitions($1)', [PARTITION_MONTHS_AHEAD]);
    return done.map((migration) => migration.name);
  });
}

/** Throws on a schema that has more than this version knows: nobody has tried it with such a one. */
export async function refuseNewerSchema(dataSource: DataSource): Promise<void> {
  const [{ table }] = await dataSource.query<{ table: string | null }[]>(`SELECT to_regclass('migrations') AS table`);
  if (table === null) return;
  const done = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = done.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Error(
    `the schema is newer than this version, which does not know ${unknown.join(', ')}: ` +
      `start the newer version, or take that back with it (npm run migrate:revert)`,
  );
}

/** Takes back the newest migration, and its data with it. Returns its name, null where none is left. */
export async function revert(dataSource: DataSource): Promise<string | null> {
  return underLock(dataSource, async () => {
    const [{ table }] = await dataSource.query<{ table: string | null }[]>(`SELECT to_regclass('migrations') AS table`);
    if (!table) return null;
    const [newest] = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
    if (!newest) return null;
    await dataSource.undoLastMigration({ transaction: 'each' });
    return newest.name;
  });
}

async function underLock<Result>(dataSource: DataSource, work: () => Promise<Result>): Promise<Result> {
  const holder = dataSource.createQueryRunner();
  try {
    // Waiting for another process's migrations may take longer than any statement may.
    await holder.query(`SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)`);
    await holder.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK.migrations]);
    return await work();
  } finally {
    await holder.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK.migrations]).catch(() => undefined);
    await holder.query('RESET statement_timeout; RESET lock_timeout').catch(() => undefined);
    await holder.release();
  }
}
