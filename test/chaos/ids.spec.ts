import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { schedulerConfig } from '../../src/config/scheduler.config.js';
import { trackingConfig } from '../../src/config/tracking.config.js';
import { allocateRange, parseId, RANGE_SIZE } from '../../src/contracts/ids.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { IdempotencyKey } from '../../src/messages/idempotency-key.entity.js';
import { IdempotencyRepository } from '../../src/messages/idempotency.repository.js';
import { Message } from '../../src/messages/message.entity.js';
import { MessagesRepository } from '../../src/messages/messages.repository.js';
import { MessagesService, type Submission } from '../../src/messages/messages.service.js';
import { readRecipients } from '../../src/messages/recipients.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { Suppression } from '../../src/suppressions/suppression.entity.js';
import { recipientCheck } from '../support/recipient-check.js';
import { NO_EXTRAS } from '../support/messages.js';
import { recipients, Stack } from '../support/stack.js';

// The allocator as it is, until a test makes it choose a range that is taken.
vi.mock('../../src/contracts/ids.js', async (original) => {
  const actual = await original<typeof import('../../src/contracts/ids.js')>();
  return { ...actual, allocateRange: vi.fn(actual.allocateRange) };
});

const PROCESSES = 8;
const RANGES_EACH = 50_000;

/** How many of the ranges begin before the one below them ends. */
function overlaps(firsts: readonly bigint[]): number {
  const sorted = firsts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.filter((first, index) => index > 0 && first < sorted[index - 1] + BigInt(RANGE_SIZE)).length;
}

describe('ranges of ids', () => {
  it('of eight processes in the same millisecond never overlap', async () => {
    const nowMs = Date.now();
    const children = Array.from({ length: PROCESSES }, () =>
      fork('test/support/allocate-ranges.mjs', [String(RANGES_EACH), String(nowMs)], { silent: true }),
    );
    const outputs = children.map(async (child) => {
      const chunks: Buffer[] = [];
      for await (const chunk of child.stdout!) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    });
    await Promise.all(children.map((child) => once(child, 'message')));
    for (const child of children) child.send('go');
    const ids = Buffer.concat(await Promise.all(outputs));

    const firsts = Array.from({ length: ids.length / 16 }, (_, index) =>
      BigInt(`0x${ids.toString('hex', index * 16, index * 16 + 16)}`),
    );
    expect(firsts).toHaveLength(PROCESSES * RANGES_EACH);
    expect(new Set(firsts.map((first) => first >> 80n))).toEqual(new Set([BigInt(nowMs)]));
    expect(overlaps(firsts)).toBe(0);
    // The count counts: a range that begins one below another's end would not pass.
    expect(overlaps([...firsts, firsts[0] + BigInt(RANGE_SIZE - 1)])).toBe(1);
    console.info(`${firsts.length} ranges of ${PROCESSES} processes in one millisecond, no two overlap`);
  });
});

describe('a range that is taken already', () => {
  const choose = vi.mocked(allocateRange);
  let stack: Stack;
  let dataSource: DataSource;
  let service: MessagesService;
  let taken: Buffer;

  beforeAll(async () => {
    stack = await Stack.start();
    const { code, output } = await stack.run('dist/src/cli/migrate.js');
    expect(code, output).toBe(0);
    dataSource = await new DataSource({
      type: 'postgres',
      url: stack.databaseUrl,
      entities: [Message, IdempotencyKey, Suppression, TopicBucket],
    }).initialize();
    service = new MessagesService(
      new MessagesRepository(dataSource.getRepository(Message)),
      new IdempotencyRepository(dataSource.getRepository(IdempotencyKey)),
      recipientCheck(dataSource),
      new LedgerService(dataSource.getRepository(TopicBucket)),
      { nudge: () => undefined },
      { batchSize: 1_000 } as ReturnType<typeof schedulerConfig>,
      { trackOpens: false } as ReturnType<typeof trackingConfig>,
    );
    await service.submit(submission('first', 3));
    const [{ first_email_id }] = await stack.query<{ first_email_id: string }>('SELECT first_email_id FROM messages');
    taken = parseId(first_email_id);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await dataSource.destroy();
    await stack.stop();
  });

  beforeEach(() => choose.mockClear());

  it('is refused by the database and chosen anew: the submission is stored exactly once', async () => {
    choose.mockReturnValueOnce(taken).mockReturnValueOnce(taken);
    const { isReplay } = await service.submit(submission('second', 200));
    expect(isReplay).toBe(false);
    expect(choose).toHaveBeenCalledTimes(3);
    expect(await storedOf('second')).toEqual({ messages: 1, emails: 200, keys: 1, total: 200 });
    expect(await storedOf('first')).toEqual({ messages: 1, emails: 3, keys: 1, total: 3 });
  });

  it('three times in a row is an error that leaves nothing behind', async () => {
    choose.mockReturnValueOnce(taken).mockReturnValueOnce(taken).mockReturnValueOnce(taken);
    await expect(service.submit(submission('third', 200))).rejects.toThrow(/duplicate key/);
    expect(choose).toHaveBeenCalledTimes(3);
    expect(await storedOf('third')).toEqual({ messages: 0, emails: 0, keys: 0, total: 0 });
  });

  function submission(topicId: string, count: number): Submission {
    const message = {
      ...NO_EXTRAS,
      topicId,
      subject: 'Hello',
      content: '<p>Hello</p>',
      scheduledAt: null,
      trackOpens: null,
      trackClicks: null,
      recipients: readRecipients(recipients(count), '/messages/0/emails'),
    };
    const idempotency = { key: topicId, bodySha256: Buffer.alloc(32) };
    return { apiKey: 'test', messages: [message], listsIds: false, idempotency };
  }

  async function storedOf(topicId: string) {
    const [row] = await stack.query(
      `SELECT (SELECT count(*)::int FROM messages WHERE topic_id = $1) AS messages,
              (SELECT count(*)::int FROM emails e JOIN batches b ON e.id BETWEEN b.id AND b.last_id
               WHERE b.topic_id = $1) AS emails,
              (SELECT count(*)::int FROM idempotency_keys WHERE key = $1) AS keys,
              coalesce((SELECT total::int FROM topic_counters WHERE topic_id = $1), 0) AS total`,
      [topicId],
    );
    return row;
  }
});
