import type { DataSource, QueryRunner } from 'typeorm';
import { QueryFailedError } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { integerArray } from '../../src/database/binary-array.js';
import { runTogether } from '../../src/database/statement-group.js';
import { TestDatabase } from '../support/test-database.js';

const INSERT = '/* things.insert */ INSERT INTO things (id) SELECT unnest($1::int[])';
const NOTE = '/* notes.insert */ INSERT INTO notes (id) SELECT unnest($1::int[])';

let database: TestDatabase;
let dataSource: DataSource;
let observer: QueryRunner;

beforeAll(async () => {
  database = await TestDatabase.create();
});

afterAll(() => database.drop());

beforeEach(async () => {
  dataSource = await database.connect();
  observer = dataSource.createQueryRunner();
  await observer.query('DROP TABLE IF EXISTS things, notes');
  await observer.query('CREATE TABLE things (id integer PRIMARY KEY)');
  await observer.query('CREATE TABLE notes (id integer PRIMARY KEY)');
});

afterEach(async () => {
  await observer.release();
  await dataSource.destroy();
});

const group = (things: number[], notes: number[]) =>
  runTogether(dataSource.manager, [
    { text: INSERT, parameters: [integerArray(things)] },
    { text: NOTE, parameters: [integerArray(notes)] },
  ]);
const stored = (): Promise<unknown> =>
  observer.query(`SELECT (SELECT array_agg(id) FROM things) AS things, (SELECT array_agg(id) FROM notes) AS notes`);

describe('a group of statements', () => {
  it('is one transaction, as often as it runs', async () => {
    for (let i = 0; i < 10; i++) await group([2 * i, 2 * i + 1], [i]);
    expect(await observer.query('SELECT count(DISTINCT xmin::text)::int AS count FROM things')).toEqual([
      { count: 10 },
    ]);
    expect(await observer.query('SELECT xmin::text FROM things WHERE id = 6')).toEqual(
      await observer.query('SELECT xmin::text FROM notes WHERE id = 3'),
    );
  });

  it('stores nothing where one of it fails, whichever, and says why; the connection is good for the next', async () => {
    await group([1], [1]);
    for (const [things, notes] of [
      [[1], [2]],
      [[2], [1]],
    ]) {
      const failure = await group(things, notes).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(QueryFailedError);
      expect((failure as QueryFailedError).driverError).toMatchObject({ code: '23505' });
    }
    expect(await stored()).toEqual([{ things: [1], notes: [1] }]);
    await group([2], [2]);
    expect(await stored()).toEqual([{ things: [1, 2], notes: [1, 2] }]);
  });

  it('says what cannot be prepared, and goes on once it can', async () => {
    await observer.query('DROP TABLE notes');
    await expect(group([1], [1])).rejects.toThrow('relation "notes" does not exist');
    await observer.query('CREATE TABLE notes (id integer)');
    await group([1], [1]);
    expect(await stored()).toEqual([{ things: [1], notes: [1] }]);
  });

  it('keeps its answer apart from those of its neighbours', async () => {
    await group([0], [0]);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        if (index % 3 === 0) return dataSource.query('SELECT $1::int AS index', [index]);
        const fails = index % 3 === 1;
        return group([index], [fails ? 0 : index]).catch((error: Error) => error.message);
      }),
    );
    for (const [index, answer] of answers.entries()) {
      if (index % 3 === 0) expect(answer).toEqual([{ index }]);
      else if (index % 3 === 1) expect(answer).toContain('notes_pkey');
      else expect(answer).toBeUndefined();
    }
    expect(await observer.query('SELECT count(*)::int AS count FROM things')).toEqual([{ count: 21 }]);
  });

  it('leaves nothing behind of one that could not be sent whole', async () => {
    await group([1], [1]);
    const unencoded = { text: NOTE, parameters: [{} as unknown as Buffer] };
    const sending = runTogether(dataSource.manager, [{ text: INSERT, parameters: [integerArray([2])] }, unencoded]);
    await expect(sending).rejects.toThrow();
    for (let i = 3; i < 30; i++) await group([i], [i]);
    expect(await observer.query('SELECT count(*)::int AS count FROM things WHERE id = 2')).toEqual([{ count: 0 }]);
  });

  it('runs without a name too', async () => {
    await runTogether(dataSource.manager, [
      { text: 'INSERT INTO things SELECT unnest($1::int[])', parameters: [integerArray([7])] },
    ]);
    expect(await stored()).toEqual([{ things: [7], notes: null }]);
  });
});
