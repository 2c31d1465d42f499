import { expect, it } from 'vitest';
import { migrate } from '../../src/database/migrator.js';
import { Event } from '../../src/events/event.entity.js';
import { EventChannel } from '../../src/events/event-channel.entity.js';
import { UnmatchedEvent } from '../../src/events/unmatched-event.entity.js';
import { RemovedCounters } from '../../src/ledger/removed-counters.entity.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { TopicCounters } from '../../src/ledger/topic-counters.entity.js';
import { SendLimits } from '../../src/limits/send-limits.entity.js';
import { SendUsage } from '../../src/limits/send-usage.entity.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { Email } from '../../src/messages/email.entity.js';
import { IdempotencyKey } from '../../src/messages/idempotency-key.entity.js';
import { Message } from '../../src/messages/message.entity.js';
import { ProviderMessage } from '../../src/messages/provider-message.entity.js';
import { RemovalSeal } from '../../src/messages/removal-seal.entity.js';
import { SenderClaim } from '../../src/messages/sender-claim.entity.js';
import { Erasure } from '../../src/retention/erasure.entity.js';
import { PostponedMessage } from '../../src/retention/postponed-message.entity.js';
import { Retention } from '../../src/retention/retention.entity.js';
import { DeadLetter } from '../../src/sender/dead-letter.entity.js';
import { StreamState } from '../../src/scheduler/stream-state.entity.js';
import { SoftBounce } from '../../src/suppressions/soft-bounce.entity.js';
import { Suppression } from '../../src/suppressions/suppression.entity.js';
import { LedgerState } from '../../src/watch/ledger-state.entity.js';
import { Topic } from '../../src/topics/topic.entity.js';
import { TestDatabase } from '../support/test-database.js';

const entities = [
  Message,
  Batch,
  Email,
  IdempotencyKey,
  SenderClaim,
  ProviderMessage,
  TopicCounters,
  TopicBucket,
  RemovedCounters,
  RemovalSeal,
  Retention,
  PostponedMessage,
  Erasure,
  Topic,
  Event,
  EventChannel,
  UnmatchedEvent,
  Suppression,
  SoftBounce,
  SendLimits,
  SendUsage,
  StreamState,
  LedgerState,
  DeadLetter,
];

it('the entities say what the migrations made', async () => {
  const database = await TestDatabase.create();
  const dataSource = await database.connect(entities);
  await migrate(dataSource);
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
       AND relname NOT IN ('migrations')`,
  );
  const known = dataSource.entityMetadatas.map(({ tableName }) => tableName);
  expect(tables.map(({ name }) => name).sort()).toEqual(known.sort());
  await dataSource.destroy();
  await database.drop();
});
