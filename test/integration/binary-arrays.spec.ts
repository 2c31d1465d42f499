import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as arrays from '../../src/database/binary-array.js';
import { allocateRange, formatId, idAt, writeIdAt } from '../../src/contracts/ids.js';
import { required } from '../support/stack.js';

let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: required('TEST_DATABASE_URL') });
  await client.connect();
});

afterAll(() => client.end());

/** What PostgreSQL takes an array for, as JSON. */
async function read(type: string, array: Buffer): Promise<unknown> {
  const { rows } = await client.query<{ value: unknown }>(`SELECT to_json($1::${type}[]) AS value`, [array]);
  return rows[0].value;
}

describe('a binary array', () => {
  const first = allocateRange();
  const texts = ['', 'user@example.com', 'ä€😀', `"{}\\,'`];

  it.each<[string, Buffer, unknown]>([
    ['uuid', arrays.uuidArray([first, idAt(first, 4_095)]), [formatId(first), formatId(idAt(first, 4_095))]],
    [
      'uuid',
      arrays.uuidArrayOf(300, (index, array, offset) => writeIdAt(first, index, array, offset)),
      Array.from({ length: 300 }, (_, index) => formatId(idAt(first, index))),
    ],
    ['text', arrays.textArray([...texts, null]), [...texts, null]],
    ['text', arrays.asciiArray(['', 'a@b.c', 'x'.repeat(254)]), ['', 'a@b.c', 'x'.repeat(254)]],
    ['jsonb', arrays.jsonbArray(['{"ä": [1, null]}', null, '"x"']), [{ ä: [1, null] }, null, 'x']],
    ['boolean', arrays.booleanArray([true, false]), [true, false]],
    ['smallint', arrays.smallintArray([-1, null, 32_767]), [-1, null, 32_767]],
    ['int', arrays.integerArray([-2_147_483_648, 7]), [-2_147_483_648, 7]],
    ['bigint', arrays.bigintArray([-5, 2 ** 52]), [-5, 2 ** 52]],
    ['int', arrays.integerArray([]), []],
  ])('of %s is read as it was meant', async (type, array, expected) => {
    expect(await read(type, array)).toEqual(expected);
  });

  it('of times is exact to the millisecond, before 2000 too', async () => {
    const times = [new Date('2026-11-27T10:00:00.123Z'), null, new Date('1999-12-31T23:59:59.999Z')];
    const { rows } = await client.query<{ time: Date | null }>('SELECT unnest($1::timestamptz[]) AS time', [
      arrays.timestamptzArray(times),
    ]);
    expect(rows.map(({ time }) => time)).toEqual(times);
  });
});
