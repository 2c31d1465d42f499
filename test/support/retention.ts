import type { DataSource } from 'typeorm';
import type { NatsConfig } from '../../src/config/nats.config.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { TopicCounters } from '../../src/ledger/topic-counters.entity.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { Email } from '../../src/messages/email.entity.js';
import { Message } from '../../src/messages/message.entity.js';
import { RemovalSeal } from '../../src/messages/removal-seal.entity.js';
import { ContentsRepository } from '../../src/retention/contents.repository.js';
import { Erasure } from '../../src/retention/erasure.entity.js';
import { MonthRemoval } from '../../src/retention/month-removal.js';
import { MonthsRepository } from '../../src/retention/months.repository.js';
import { PastMessagesRepository } from '../../src/retention/past-messages.repository.js';
import { PostponedMessage } from '../../src/retention/postponed-message.entity.js';
import { Retention } from '../../src/retention/retention.entity.js';
import { RetentionService } from '../../src/retention/retention.service.js';
import { Survey } from '../../src/retention/survey.js';

export const RETENTION_ENTITIES = [
  Message,
  Batch,
  Email,
  TopicCounters,
  TopicBucket,
  RemovalSeal,
  Retention,
  PostponedMessage,
  Erasure,
];

/** What the job of a gateway with these settings runs. */
export function retentionOf(
  dataSource: DataSource,
  config: { contentDays: number; eventDays: number },
  externalSender = false,
): RetentionService {
  const ledger = new LedgerService(dataSource.getRepository(TopicBucket));
  const retention = dataSource.getRepository(Retention);
  const survey = new Survey({ externalSender } as NatsConfig);
  const months = new MonthsRepository(dataSource.getRepository(RemovalSeal), ledger);
  return new RetentionService(
    config,
    retention,
    new ContentsRepository(retention, survey),
    months,
    new MonthRemoval(dataSource, months, survey),
    new PastMessagesRepository(retention, survey, ledger),
  );
}

/** As if retention had been there for so many days, and had not looked yet. */
export async function knownFor(dataSource: DataSource, days: number): Promise<void> {
  await dataSource.query(
    `UPDATE retention SET since = now() - make_interval(days => $1), months_look_at = now() - interval '1 hour'`,
    [days],
  );
}
