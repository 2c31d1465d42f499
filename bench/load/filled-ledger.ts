import type { EntityManager } from 'typeorm';
import { DataSource } from 'typeorm';
import { formatId, idAt, parseId } from '../../src/contracts/ids.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { BatchesRepository } from '../../src/messages/batches.repository.js';
import { Message } from '../../src/messages/message.entity.js';
import type { Gateway, Stack } from '../../test/support/stack.js';
import { fill, type FillOptions } from '../fill.js';
import { unopenedNumbers } from '../fill.sql.js';
import type { Workbench } from '../workbench.js';

/** What a round adds to fewer emails than these is not little: they are filled anew before each round. */
const LITTLE = 200_000;
const CONTENT_TABLES = [
  'messages',
  'batches',
  'emails',
  'provider_messages',
  'events',
  'topic_counters',
  'topic_buckets',
];

export interface Footprint {
  bytes_per_email: number;
  bytes_per_event: number;
}

/** A filled ledger with a gateway on it that dispatches nothing, and the product's own claim and settle. */
export class FilledLedger {
  private constructor(
    private readonly options: FillOptions,
    readonly stack: Stack,
    readonly gateway: Gateway,
    private readonly dataSource: DataSource,
    private readonly say: (text: string) => void,
  ) {}

  static async start(workbench: Workbench, options: FillOptions): Promise<FilledLedger> {
    const say = (text: string) => workbench.say(`${options.emails.toLocaleString('en')} emails: ${text}`);
    const stack = await workbench.stack({ env: { SCHEDULER_ENABLED: 'false' } });
    const gateway = await stack.gateway();
    const dataSource = await new DataSource({
      ...dataSourceOptions(
        {
          url: stack.databaseUrl,
          migrateUrl: stack.databaseUrl,
          maxConnections: 1,
          minConnections: 0,
          maxLifetimeSeconds: 3600,
          idleTimeoutSeconds: 3600,
          migrateOnBoot: false,
          sslMode: 'disable',
          sslRootCert: null,
        },
        'bench',
      ),
      entities: [Batch, Message, TopicBucket],
    }).initialize();
    const ledger = new FilledLedger(options, stack, gateway, dataSource, say);
    await fill(stack.databaseUrl, options, say);
    return ledger;
  }

  get stored(): number {
    return this.options.emails;
  }

  /** The state from which each round starts, or nearly. */
  async renew(): Promise<void> {
    if (this.stored > LITTLE) return;
    await this.stack.query(`TRUNCATE ${CONTENT_TABLES.join(', ')}`);
    await fill(this.stack.databaseUrl, this.options, this.say);
  }

  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  batches(): BatchesRepository {
    const ledger = new LedgerService(this.dataSource.getRepository(TopicBucket));
    return new BatchesRepository(this.dataSource.getRepository(Batch), ledger);
  }

  /** Ids of delivered emails of the last day that nobody opened, spread over its messages, in no order. */
  async unopened(count: number): Promise<string[]> {
    const messages = await this.stack.query<{ first: string }>(
      `SELECT first_email_id AS first FROM messages
       WHERE count > 1 AND api_key = 'bench' AND created_at > now() - interval '1 day' ORDER BY random() LIMIT $1`,
      [count],
    );
    const perMessage = Math.ceil(count / messages.length);
    if (perMessage > unopenedNumbers.length) throw new Error(`fewer than ${count} emails that nobody opened`);
    const ids = messages.flatMap(({ first }) =>
      shuffled(unopenedNumbers)
        .slice(0, perMessage)
        .map((number) => formatId(idAt(parseId(first), number))),
    );
    return shuffled(ids).slice(0, count);
  }

  /** With indexes, and of an email with its share of message and batch. */
  async footprint(): Promise<Footprint> {
    const rows = await this.stack.query<{ is_event: boolean; bytes: number }>(
      `SELECT relname ~ '^events' AS is_event, sum(pg_total_relation_size(oid))::float8 AS bytes FROM pg_class
       WHERE relkind = 'r' AND relname ~ '^(emails|batches|messages|provider_messages|events)(_|$)' GROUP BY 1`,
    );
    const bytes = (isEvent: boolean) => rows.find((row) => row.is_event === isEvent)!.bytes;
    const { emails, eventsPerEmail } = this.options;
    return { bytes_per_email: bytes(false) / emails, bytes_per_event: bytes(true) / emails / eventsPerEmail };
  }

  /** In bytes. */
  async walPosition(): Promise<number> {
    const [{ bytes }] = await this.stack.query<{ bytes: number }>(
      `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes`,
    );
    return bytes;
  }

  stop(): Promise<void> {
    return this.dataSource.destroy();
  }
}

function shuffled<Value>(values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
