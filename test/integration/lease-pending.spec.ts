import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../src/contracts/ids.js';
import { migrate } from '../../src/database/migrator.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { BatchesRepository } from '../../src/messages/batches.repository.js';
import { TestDatabase } from '../support/test-database.js';

const PAST = new Date(Date.now() - 3_600_000).toISOString();
const SOON = new Date(Date.now() + 60_000).toISOString();

let database: TestDatabase;
let dataSource: DataSource;
let batches: BatchesRepository;

beforeAll(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect([Batch, TopicBucket]);
  await migrate(dataSource);
  batches = new BatchesRepository(
    dataSource.getRepository(Batch),
    new LedgerService(dataSource.getRepository(TopicBucket)),
  );
  await dataSource.query(`INSERT INTO topics (topic_id, paused_at) VALUES ('paused', now())`);
  await dataSource.query(`INSERT INTO topics (topic_id, stopped_at) VALUES ('stopped', now())`);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** A pending batch that failed to be published, and is due in a minute. */
async function batchWith(columns: Record<string, string | number>): Promise<string> {
  const id = newId();
  const row = { id, message_id: id, topic_id: 'any', lane: 1, size: 1, accepted_at: PAST, claim_at: SOON, ...columns };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await dataSource.query(
    `INSERT INTO batches (ids, ${names.join(', ')}) VALUES (ARRAY[$1::uuid], ${places.join(', ')})`,
    Object.values(row),
  );
  return id;
}

it('leases a batch that waits to be published again, once', async () => {
  const id = await batchWith({});
  const [batch, ...others] = await batches.leasePending([id], 'sender', 30);
  expect(batch).toMatchObject({ id, epoch: 1, topicId: 'any', isStopped: false });
  expect(others).toEqual([]);
  expect(await batches.leasePending([id], 'another', 30)).toEqual([]);
});

it('leases one whose lease has ended', async () => {
  const id = await batchWith({ lease_owner: 'dead', claim_at: PAST });
  expect(await batches.leasePending([id], 'sender', 30)).toMatchObject([{ id }]);
});

it.each<[string, Record<string, string | number>]>([
  ['is leased', { lease_owner: 'dispatcher' }],
  ['is dispatched', { state: 1, dispatched_at: PAST }],
  ['is not due before its schedule', { scheduled_at: SOON }],
  ['is held', { claim_at: 'infinity' }],
  ['is of a paused topic', { topic_id: 'paused' }],
  ['is of a stopped topic', { topic_id: 'stopped' }],
  ['came too late', { expires_at: PAST }],
])('leaves one that %s', async (_name, changes) => {
  expect(await batches.leasePending([await batchWith(changes)], 'sender', 30)).toEqual([]);
});
