import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { migrate, revert } from '../../src/database/migrator.js';
import { catalogue } from '../support/catalogue.js';
import { TestDatabase } from '../support/test-database.js';

describe('the migrations', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await TestDatabase.create();
    dataSource = await database.connect();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('each go up, down to exactly what was before, and up to exactly the same again', async () => {
    expect(await migrate(dataSource)).toHaveLength(migrations.length);
    const migrated: string[][] = [await catalogue(dataSource)];
    for (const { name } of [...migrations].reverse()) {
      expect(await revert(dataSource)).toBe(name);
      migrated.push(await catalogue(dataSource));
    }
    expect(migrated.at(-1)).toEqual([]);
    expect(await revert(dataSource)).toBeNull();

    const reverted = [...migrated].reverse();
    const waiting = [...dataSource.migrations];
    for (const [step, migration] of waiting.entries()) {
      dataSource.migrations.splice(0, Infinity, migration);
      await dataSource.runMigrations({ transaction: 'each' });
      expect(await catalogue(dataSource)).toEqual(reverted[step + 1]);
    }
    dataSource.migrations.splice(0, Infinity, ...waiting);
  });

  it('run once when several processes start them at the same time', async () => {
    const empty = await TestDatabase.create();
    const sources = await Promise.all(Array.from({ length: 8 }, () => empty.connect()));
    const names = (await Promise.all(sources.map(migrate))).flat();
    expect(names.sort()).toEqual(migrations.map(({ name }) => name).sort());
    await Promise.all(sources.map((source) => source.destroy()));
    await empty.drop();
  });

  it('are refused where the schema has more than this version knows', async () => {
    const newer = { name: 'Later9999999999999', timestamp: 9_999_999_999_999 };
    await dataSource.query('INSERT INTO migrations (name, timestamp) VALUES ($1, $2)', [newer.name, newer.timestamp]);
    await expect(migrate(dataSource)).rejects.toThrow(`does not know ${newer.name}`);
    await dataSource.query('DELETE FROM migrations WHERE name = $1', [newer.name]);
    expect(await migrate(dataSource)).toEqual([]);
  });

  it('make partitions for the months ahead, and no second time', async () => {
    const [{ made }] = await dataSource.query<{ made: number }[]>('SELECT ensure_partitions(3) AS made');
    expect(made).toBe(0);
    const [{ more }] = await dataSource.query<{ more: number }[]>('SELECT ensure_partitions(4) AS more');
    expect(more).toBe(3);
    const bounds = (await catalogue(dataSource)).filter((line) => line.startsWith('partition emails_2'));
    expect(bounds).toHaveLength(5);
  });

  it('let nothing that runs with the rights of its owner look among the temporary tables of its caller first', async () => {
    const functions = await dataSource.query<{ proname: string; path: string | null }[]>(
      `SELECT proname, (SELECT setting FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%') AS path
       FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace`,
    );
    expect(functions.length).toBeGreaterThanOrEqual(4);
    for (const { proname, path } of functions) expect(path, proname).toMatch(/, "?pg_temp"?$/);
  });

  it('hold the states in CHECKs', async () => {
    const batch = (columns: string, values: string) =>
      dataSource.query(
        `INSERT INTO batches (id, message_id, topic_id, lane, size, claim_at, ${columns})
         VALUES (gen_random_uuid(), gen_random_uuid(), '', 1, 1, now(), ${values})`,
      );
    const last = `last_id`;
    const highest = `'ffffffff-ffff-7fff-bfff-ffffffffffff'`;
    await expect(batch(`${last}, state`, `${highest}, 2`)).rejects.toThrow(/batches_state_check/);
    await expect(batch(`${last}, state`, `${highest}, 1`)).rejects.toThrow(/batches_dispatched_check/);
    await expect(batch(`state`, `0`)).rejects.toThrow(/batches_kind_check/);
    await expect(
      batch(`${last}, state, dispatched_at, lease_owner`, `${highest}, 1, now(), 'someone'`),
    ).rejects.toThrow(/batches_lease_check/);
    const email = (state: number) =>
      dataSource.query(`INSERT INTO emails (id, address, state) VALUES (gen_random_uuid(), 'a@b.cd', ${state})`);
    await expect(email(1)).rejects.toThrow(/emails_state_check/);
    await expect(email(3)).rejects.toThrow(/emails_sent_check/);
    await expect(
      dataSource.query(`INSERT INTO topic_counters (topic_id, total, pending) VALUES ('', 2, 1)`),
    ).rejects.toThrow(/topic_counters_sum_check/);
  });
});
