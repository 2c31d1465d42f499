import type { DataSource, QueryRunner } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let dataSource: DataSource;
/** One connection: what is prepared belongs to it. */
let connection: QueryRunner;

beforeAll(async () => {
  database = await TestDatabase.create();
});

afterAll(() => database.drop());

beforeEach(async () => {
  dataSource = await database.connect();
  connection = dataSource.createQueryRunner();
  await connection.query('DROP TABLE IF EXISTS things');
  await connection.query('CREATE TABLE things (id integer)');
});

afterEach(async () => {
  await connection.release();
  await dataSource.destroy();
});

const prepared = async () =>
  (await connection.query('SELECT statement FROM pg_prepared_statements')).map(
    ({ statement }: { statement: string }) => statement,
  );

describe('a statement with a name', () => {
  const COUNT = '/* things.count */ SELECT count(*)::int AS count FROM things WHERE id > $1';

  it('is prepared once, however often it runs', async () => {
    for (let i = 0; i < 10; i++) expect(await connection.query(COUNT, [i])).toEqual([{ count: 0 }]);
    expect(await prepared()).toEqual([COUNT]);
  });

  it('is told from another one that has the same name', async () => {
    const below = COUNT.replace('>', '<');
    await connection.query('INSERT INTO things VALUES (1)');
    expect(await connection.query(COUNT, [1])).toEqual([{ count: 0 }]);
    expect(await connection.query(below, [2])).toEqual([{ count: 1 }]);
    expect(await prepared()).toHaveLength(2);
  });

  it('goes on after its table has got another column', async () => {
    for (let i = 0; i < 6; i++) await connection.query(COUNT, [i]);
    await connection.query('ALTER TABLE things ADD COLUMN name text');
    expect(await connection.query(COUNT, [0])).toEqual([{ count: 0 }]);
  });

  it('works again after it failed', async () => {
    await connection.query('DROP TABLE things');
    await expect(connection.query(COUNT, [0])).rejects.toThrow('things');
    await connection.query('CREATE TABLE things (id integer)');
    expect(await connection.query(COUNT, [0])).toEqual([{ count: 0 }]);
  });
});

it('leaves alone what has no name or no parameters', async () => {
  await connection.query('SELECT $1::int', [1]);
  await connection.query('/* things.all */ SELECT * FROM things');
  expect(await prepared()).toEqual([]);
});
