import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../src/contracts/ids.js';
import { migrate } from '../../src/database/migrator.js';
import { BacklogRepository } from '../../src/messages/backlog.repository.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let dataSource: DataSource;
let backlog: BacklogRepository;

beforeAll(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect([Batch]);
  await migrate(dataSource);
  backlog = new BacklogRepository(dataSource.getRepository(Batch));
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

beforeEach(() => dataSource.query('DELETE FROM batches'));

async function wait(topic: string, size: number, due: string, changes: { lane?: number; lease?: string } = {}) {
  const id = newId();
  await dataSource.query(
    `INSERT INTO batches (id, ids, message_id, topic_id, lane, size, claim_at, lease_owner)
     VALUES ($1, ARRAY[$1::uuid], $1, $2, $3, $4, $5::text::timestamptz, $6)`,
    [id, topic, changes.lane ?? 1, size, due, changes.lease ?? null],
  );
}

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

/** In whole seconds at 10 emails a second. */
async function finish(inFlight: Record<string, number>): Promise<Record<string, [number, number]>> {
  const times = await backlog.finishTimes(new Map(Object.entries(inFlight)), 10);
  return Object.fromEntries([...times].map(([topic, { seconds, emails }]) => [topic, [Math.round(seconds), emails]]));
}

it('counts what was claimed before, in the order of the due times, and what is on its way', async () => {
  await wait('a', 100, at(-30));
  await wait('b', 200, at(-20));
  await wait('a', 300, at(-10));
  await wait('c', 1_000, at(-5));
  expect(await finish({ a: 50, b: 0 })).toEqual({ a: [65, 650], b: [30, 300] });
});

it('lets single mails pass', async () => {
  await wait('bulk', 100, at(-30));
  await wait('single', 1, at(-1), { lane: 0 });
  expect(await finish({ bulk: 0, single: 0 })).toEqual({ bulk: [10, 101], single: [0, 1] });
});

it('begins with scheduled mail when it is due, or when what is before it is done', async () => {
  await wait('now', 100, at(-1));
  await wait('soon', 50, at(5));
  await wait('later', 50, at(60));
  expect(await finish({ now: 0, soon: 0, later: 20 })).toEqual({ now: [10, 100], soon: [15, 150], later: [65, 220] });
});

it('takes what is leased for the next, and leaves out what is held back', async () => {
  await wait('a', 100, at(-10));
  await wait('b', 100, at(30), { lease: 'dispatcher' });
  await wait('b', 100, 'infinity');
  expect(await finish({ a: 0, b: 0 })).toEqual({ a: [20, 200], b: [10, 100] });
});

it('is in flight alone where nothing is pending', async () => {
  expect(await finish({ a: 25 })).toEqual({ a: [3, 25] });
});
