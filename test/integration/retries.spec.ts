import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../src/database/migrator.js';
import type { LedgerService } from '../../src/ledger/ledger.service.js';
import type { BatchesRepository } from '../../src/messages/batches.repository.js';
import { Email } from '../../src/messages/email.entity.js';
import { RetriesRepository } from '../../src/messages/retries.repository.js';
import { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let dataSource: DataSource;
let retries: RetriesRepository;

beforeAll(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect([Email]);
  await migrate(dataSource);
  // Neither is asked for anything where no email is found.
  const none = {} as BatchesRepository & LedgerService;
  retries = new RetriesRepository(dataSource.getRepository(Email), none, none);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** How many transactions it takes to look through a topic of so many messages of so many emails. */
async function transactions(topicId: string, messages: number, emails: number): Promise<number> {
  await dataSource.query(
    `INSERT INTO messages (id, topic_id, subject, content, first_email_id, count, track_opens, api_key)
     SELECT id, $1, 'x', 'x', id, $3, true, 'default'
     FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) AS message`,
    [topicId, messages, emails],
  );
  let count = 0;
  for await (const retried of retries.retry(topicId, ['failed'])) {
    expect(retried).toBe(0);
    count++;
  }
  return count;
}

it('looks through five hundred small messages at a time, and through ten of a thousand emails', async () => {
  expect(await transactions('small', 1_501, 1)).toBe(4);
  expect(await transactions('large', 25, 1_000)).toBe(3);
  expect(await transactions('nothing', 0, 1)).toBe(0);
});
