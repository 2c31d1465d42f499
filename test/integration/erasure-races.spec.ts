import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { NatsConfig } from '../../src/config/nats.config.js';
import { formatId, idAt } from '../../src/contracts/ids.js';
import { migrate } from '../../src/database/migrator.js';
import { runAll } from '../../src/database/statement.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { recount } from '../../src/ledger/recount.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { BatchesRepository, type LeasedBatch } from '../../src/messages/batches.repository.js';
import { Email } from '../../src/messages/email.entity.js';
import { EmailsRepository, type Result } from '../../src/messages/emails.repository.js';
import { HoldsRepository } from '../../src/messages/holds.repository.js';
import type { ClaimedEmail } from '../../src/messages/judging.js';
import { JudgingRepository } from '../../src/messages/judging.repository.js';
import { Message } from '../../src/messages/message.entity.js';
import { identify, MessagesRepository } from '../../src/messages/messages.repository.js';
import { Erasure } from '../../src/retention/erasure.entity.js';
import { ErasureService } from '../../src/retention/erasure.service.js';
import { ErasuresRepository } from '../../src/retention/erasures.repository.js';
import { BlockedByTopic } from '../../src/suppressions/recipient-check.js';
import { Suppression } from '../../src/suppressions/suppression.entity.js';
import { NO_EXTRAS } from '../support/messages.js';
import { recipientCheck } from '../support/recipient-check.js';
import { RETENTION_ENTITIES } from '../support/retention.js';
import { TestDatabase } from '../support/test-database.js';

const ADDRESS = 'ada@example.com';
const TOPIC = 't';

let database: TestDatabase;
let dataSource: DataSource;
let batches: BatchesRepository;
let emails: EmailsRepository;
let messages: MessagesRepository;
let ledger: LedgerService;
let erasure: ErasureService;

beforeAll(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect([...RETENTION_ENTITIES, Suppression]);
  await migrate(dataSource);
  ledger = new LedgerService(dataSource.getRepository(TopicBucket));
  batches = new BatchesRepository(dataSource.getRepository(Batch), ledger);
  const holds = new HoldsRepository(dataSource.getRepository(Batch), batches);
  const judging = new JudgingRepository(recipientCheck(dataSource));
  emails = new EmailsRepository(dataSource.getRepository(Email), batches, holds, judging, ledger);
  messages = new MessagesRepository(dataSource.getRepository(Message));
  const nats = { externalSender: false } as NatsConfig;
  erasure = new ErasureService(new ErasuresRepository(dataSource.getRepository(Erasure), nats, batches, ledger));
});

beforeEach(() =>
  dataSource.query('TRUNCATE messages, batches, emails, topic_counters, topic_buckets, sender_claims, erasures'),
);

afterEach(async () => {
  expect(await recount(dataSource)).toEqual([]);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** One message to the person and one other; returns the person's email. */
async function accept(): Promise<string> {
  const message = identify({
    ...NO_EXTRAS,
    apiKey: 'k',
    topicId: TOPIC,
    subject: 'Hello',
    content: '<p>Hello</p>',
    trackOpens: true,
    trackClicks: false,
    scheduledAt: null,
    recipients: [ADDRESS, 'bob@example.com'],
    tracking: null,
    recipientVariables: null,
  });
  await dataSource.transaction(async (transaction) => {
    await runAll(transaction, messages.insertions([message], new BlockedByTopic(), 1000));
    await ledger.move(transaction, [{ topicId: TOPIC, from: 'accepted', to: 'pending', count: 2 }]);
  });
  return formatId(idAt(message.first, 0));
}

const lease = () => batches.claimDue(1, 10, 1_000, 'dispatcher', 30);

async function settle(leased: readonly LeasedBatch[]): Promise<void> {
  const all = await batches.emailsOf(leased, false);
  const nothing = { unacknowledged: [], tooLarge: [], suppressed: [], delayMs: 0, error: null };
  await batches.settle(leased.map((batch) => ({ ...nothing, batch, acknowledged: all.get(batch.id)?.ids ?? [] })));
}

async function claim(id: string, generation = 0): Promise<ClaimedEmail> {
  const [claimed] = await emails.claimForSending([{ id, generation }], randomUUID(), 'sender', 30);
  return claimed;
}

function record({ id, attempt, batchId, topicId }: ClaimedEmail, result: Result): Promise<Set<string>> {
  return emails.record([{ id, attempt, batchId, topicId, result }], []);
}

const inFlight = { erased: 0, stopped: 0, inFlight: 1 };
const pending = async () => (await dataSource.getRepository(Erasure).find()).map(({ address }) => address);

it('leaves mail to the dispatcher that holds it, whose sender then stops it', async () => {
  const id = await accept();
  const leased = await lease();
  expect(await erasure.erase(ADDRESS)).toEqual(inFlight);
  expect(await pending()).toEqual([ADDRESS]);
  await settle(leased);
  expect((await claim(id)).verdict).toBe('stop');
  await erasure.finish();
  expect(await emails.find(id)).toMatchObject({ address: null, state: 'stopped' });
  expect(await pending()).toEqual([]);
});

it('erases what the dispatcher has settled before a sender takes it, which then finds it done', async () => {
  const id = await accept();
  const leased = await lease();
  await erasure.erase(ADDRESS);
  await settle(leased);
  await erasure.finish();
  expect((await claim(id)).verdict).toBe('done');
  expect(await emails.find(id)).toMatchObject({ address: null, state: 'stopped', reason: 'erased' });
});

it('takes mail out of a batch before the dispatcher has it', async () => {
  const id = await accept();
  expect(await erasure.erase(ADDRESS)).toEqual({ erased: 1, stopped: 1, inFlight: 0 });
  const leased = await lease();
  expect((await batches.emailsOf(leased, false)).get(leased[0].id)?.addresses).toEqual(['bob@example.com']);
  await settle(leased);
  expect((await claim(id)).verdict).toBe('done');
});

it('waits for the sender that has it, and keeps what it says but for its words', async () => {
  const id = await accept();
  await settle(await lease());
  const claimed = await claim(id);
  expect(claimed.verdict).toBe('send');
  expect(await erasure.erase(ADDRESS)).toEqual(inFlight);
  await record(claimed, { state: 'failed', reason: `550 <${ADDRESS}> is unknown` });
  await erasure.finish();
  expect(await emails.find(id)).toMatchObject({ address: null, state: 'failed', reason: null });
  expect(await pending()).toEqual([]);
});

it('stops what a sender gives back', async () => {
  const id = await accept();
  await settle(await lease());
  const claimed = await claim(id);
  await erasure.erase(ADDRESS);
  await record(claimed, { state: 'pending', reason: 'throttled', delayMs: 0, isAttempt: false });
  await erasure.finish();
  expect(await emails.find(id)).toMatchObject({ address: null, state: 'stopped' });
  // The batch that all its emails have left is only closed.
  expect((await batches.emailsOf(await lease(), false)).size).toBe(0);
});

it('forgets the words of a sender that comes back late', async () => {
  const id = await accept();
  await settle(await lease());
  const claimed = await claim(id);
  await record(claimed, { state: 'uncertain', reason: 'the sender died' });
  expect(await erasure.erase(ADDRESS)).toEqual({ erased: 1, stopped: 0, inFlight: 0 });
  await record(claimed, { state: 'failed', reason: `550 <${ADDRESS}> is unknown` });
  expect(await emails.find(id)).toMatchObject({ address: null, state: 'failed', reason: null });
});
