import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { fill } from '../../bench/fill.js';
import { allocateRange, formatId } from '../../src/contracts/ids.js';
import { migrate } from '../../src/database/migrator.js';
import { LOCK } from '../../src/events/events.sql.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { recount } from '../../src/ledger/recount.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { BatchesRepository } from '../../src/messages/batches.repository.js';
import { Email } from '../../src/messages/email.entity.js';
import { RetriesRepository } from '../../src/messages/retries.repository.js';
import { RemovalSeal } from '../../src/messages/removal-seal.entity.js';
import { MonthsRepository, type Month } from '../../src/retention/months.repository.js';
import { knownFor, RETENTION_ENTITIES, retentionOf } from '../support/retention.js';
import { TestDatabase } from '../support/test-database.js';

const EMAILS = 12_000;
const DAYS = 20;
const DAY_MS = 86_400_000;

let database: TestDatabase;
let dataSource: DataSource;
let ledger: LedgerService;
let months: MonthsRepository;

/** Three months of finished mail, with one whole month at least that ended more than twenty days ago. */
beforeEach(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect(RETENTION_ENTITIES);
  await migrate(dataSource);
  await fill(database.url, { emails: EMAILS, eventsPerEmail: 3 }, () => undefined);
  await knownFor(dataSource, 365);
  ledger = new LedgerService(dataSource.getRepository(TopicBucket));
  months = new MonthsRepository(dataSource.getRepository(RemovalSeal), ledger);
});

afterEach(async () => {
  expect(await recount(dataSource)).toEqual([]);
  await dataSource.destroy();
  await database.drop();
});

const run = (contentDays = DAYS, eventDays = DAYS) => retentionOf(dataSource, { contentDays, eventDays }).run();
const past = (): Promise<Month[]> => months.past(new Date(Date.now() - DAYS * DAY_MS));
const counters = () => dataSource.query<object[]>('SELECT * FROM topic_counters ORDER BY topic_id');

async function count(table: string, condition = 'true', parameters: unknown[] = []): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM ${table} WHERE ${condition}`;
  const [row] = await dataSource.query<{ count: number }[]>(text, parameters);
  return row.count;
}

const within = ({ first, behind }: Month, table: string, column = 'id') =>
  count(table, `${column} >= $1 AND ${column} < $2`, [first, behind]);

const middleOf = ({ first }: Month) => parseInt(first.replace('-', '').slice(0, 12), 16) + 10 * DAY_MS;

/** An email in the middle of a month, and what it says of itself and of its batch; its first state is counted. */
async function add(month: Month, state: string, email: object, batch: object): Promise<string> {
  const id = formatId(allocateRange(middleOf(month)));
  const insert = (table: string, row: Record<string, unknown>) =>
    dataSource.query(
      `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
        .map((_, at) => `$${at + 1}`)
        .join(', ')})`,
      Object.values(row),
    );
  const long = new Date(Date.now() - 60 * DAY_MS);
  const message = { topic_id: 'kept', subject: 'Hello', content: '<p>Hello</p>', count: 1, track_opens: true };
  await insert('messages', { ...message, id, first_email_id: id, api_key: 'k', created_at: long });
  const dates = { claim_at: long, accepted_at: long };
  await insert('batches', { id, last_id: id, message_id: id, topic_id: 'kept', lane: 0, size: 1, ...dates, ...batch });
  await insert('emails', { id, address: 'kept@example.com', ...email });
  await ledger.move(dataSource.manager, [{ topicId: 'kept', from: 'accepted', to: 'pending', count: 1 }]);
  if (state !== 'pending') {
    await dataSource.query(
      `UPDATE topic_counters SET pending = pending - 1, ${state} = ${state} + 1 WHERE topic_id = 'kept'`,
    );
  }
  return id;
}

const DISPATCHED = { state: 1, is_first: false, dispatched_at: new Date(Date.now() - 60 * DAY_MS) };

describe('retention', () => {
  it('drops whole months of finished mail, and keeps every counter', async () => {
    const gone = await past();
    expect(gone.length).toBeGreaterThan(0);
    expect(await within(gone[0], 'emails')).toBeGreaterThan(0);
    const before = await counters();
    await run();
    expect(await past()).toEqual([]);
    for (const month of gone) {
      for (const table of ['emails', 'batches']) expect(await within(month, table)).toBe(0);
      expect(await within(month, 'events', 'email_id')).toBe(0);
      expect(await within(month, 'provider_messages', 'email_id')).toBe(0);
      expect(await within(month, 'messages', 'first_email_id')).toBe(0);
    }
    expect(await counters()).toEqual(before);
    expect(await months.sealed()).toBeNull();
    expect(await count('emails')).toBeGreaterThan(EMAILS / 2);
  });

  it('removes content by its own age, and nothing else with it', async () => {
    const old = `created_at < now() - interval '${DAYS} days'`;
    const [messages, young] = [await count('messages', old), await count('messages', `NOT ${old}`)];
    expect(Math.min(messages, young)).toBeGreaterThan(0);
    await run(DAYS, 0);
    expect(await count('messages', `${old} AND subject = '' AND content = ''`)).toBe(messages);
    expect(await count('messages', `NOT ${old} AND subject <> '' AND content <> ''`)).toBe(young);
    expect(await count('emails', `address <> ''`)).toBe(EMAILS);
    await run(DAYS, 0);
    expect(await count('retention_postponed')).toBe(0);
  });

  it('removes nothing while it is not known when older mail ended, nor with 0 days', async () => {
    await run(0, 0);
    await knownFor(dataSource, DAYS - 1);
    await run();
    expect(await count('emails')).toBe(EMAILS);
    expect(await count('messages', `subject = ''`)).toBe(0);
  });

  it('leaves alone what is not finished, or not for long enough, and removes around it', async () => {
    const [month] = await past();
    const others = await within(month, 'emails');
    const recently = new Date(Date.now() - DAY_MS);
    const sent = { sent_at: new Date(Date.now() - 60 * DAY_MS) };
    const kept = [
      await add(month, 'pending', {}, { claim_at: new Date(Date.now() + 300 * DAY_MS) }),
      await add(month, 'pending', {}, { claim_at: 'infinity' }),
      await add(month, 'dispatched', {}, DISPATCHED),
      await add(month, 'sending', { state: 2 }, DISPATCHED),
      await add(month, 'uncertain', { state: 11 }, DISPATCHED),
      await add(month, 'stopped', { state: 8, ended_at: recently }, DISPATCHED),
      await add(month, 'stopped', {}, { state: 8, ended_at: recently }),
      await add(month, 'complained', { state: 6, ...sent, ended_at: recently }, DISPATCHED),
    ];
    const over = await add(month, 'delivered', { state: 4, ...sent }, DISPATCHED);
    expect(others).toBeGreaterThan(0);
    await run();
    const rows = await dataSource.query<{ id: string }[]>(
      `SELECT id FROM emails WHERE id >= $1 AND id < $2 AND address <> ''`,
      [month.first, month.behind],
    );
    expect(rows.map(({ id }) => id).sort()).toEqual(kept.toSorted());
    expect(await count('messages', `id = ANY ($1) AND subject = 'Hello'`, [kept])).toBe(kept.length);
    expect(await count('messages', 'id = $1', [over])).toBe(0);
    expect(await within(month, 'batches')).toBe(kept.length);
    expect(await count('retention_postponed')).toBe(kept.length);
    expect(await recount(dataSource)).toEqual([]);

    // All of it ends, and has for long: now the month goes.
    const long = new Date(Date.now() - 30 * DAY_MS);
    const end = `UPDATE emails SET state = 8, ended_at = $2 WHERE id = ANY ($1)`;
    await dataSource.query(end, [kept, long]);
    await dataSource.query(`UPDATE batches SET state = 8, ended_at = $2, dispatched_at = NULL WHERE id = ANY ($1)`, [
      kept,
      long,
    ]);
    await dataSource.query(
      `UPDATE topic_counters SET pending = 0, dispatched = 0, sending = 0, uncertain = 0, complained = 0, stopped = total - delivered
       WHERE topic_id = 'kept'`,
    );
    await knownFor(dataSource, 365);
    await run();
    expect((await past()).map(({ name }) => name)).not.toContain(month.name);
    expect(await count('messages', 'id = ANY ($1)', [kept])).toBe(0);
  });

  it('takes a dispatch for the end of mail that an external sender sends', async () => {
    const [month] = await past();
    await add(month, 'dispatched', {}, DISPATCHED);
    await retentionOf(dataSource, { contentDays: DAYS, eventDays: DAYS }, true).run();
    expect(await past()).toEqual([]);
  });

  it('keeps a month whose batches hold older mail that was wanted again', async () => {
    const [first, second] = await past();
    const id = await add(first, 'pending', {}, { claim_at: new Date(Date.now() + 300 * DAY_MS) });
    const batch = formatId(allocateRange(middleOf(second)));
    await dataSource.query(`UPDATE batches SET size = 0, state = 8 WHERE id = $1`, [id]);
    await dataSource.query(
      `INSERT INTO batches (id, ids, message_id, topic_id, lane, size, claim_at) VALUES ($1, ARRAY[$2::uuid], $2, 'kept', 0, 1, 'infinity')`,
      [batch, id],
    );
    await dataSource.query('UPDATE emails SET batch_id = $1 WHERE id = $2', [batch, id]);
    await run();
    expect(await count('batches', 'id = $1', [batch])).toBe(1);
    expect((await past()).map(({ name }) => name).slice(0, 2)).toEqual([first.name, second.name]);
  });

  it('waits for who holds an email of the month, and leaves the month as it was if that takes long', async () => {
    const [month] = await past();
    const [{ id }] = await dataSource.query<{ id: string }[]>(
      'SELECT id FROM emails WHERE id >= $1 ORDER BY id LIMIT 1',
      [month.first],
    );
    await dataSource.transaction(async (holder) => {
      await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      expect(await holder.query(LOCK, [[id], id, id])).toHaveLength(1);
      await run();
    });
    expect(await months.sealed()).toBeNull();
    expect((await past()).map(({ name }) => name)).toContain(month.name);
    await knownFor(dataSource, 365);
    await run();
    expect(await past()).toEqual([]);
  });

  it('lets nobody hold an email of a month that is sealed, and goes on where it was killed', async () => {
    const [month] = await past();
    const [{ id }] = await dataSource.query<{ id: string }[]>(
      'SELECT id FROM emails WHERE id >= $1 ORDER BY id LIMIT 1',
      [month.first],
    );
    await months.seal(month);
    expect(await dataSource.query(LOCK, [[id], id, id])).toEqual([]);
    // Sealed and counted, and no further: the next run begins anew.
    await run();
    expect(await past()).toEqual([]);
    // Dropped, and its messages not removed yet.
    const message = await add(month, 'delivered', { state: 4, sent_at: new Date() }, DISPATCHED);
    for (const table of ['emails', 'batches']) await dataSource.query(`DELETE FROM ${table} WHERE id = $1`, [message]);
    await ledger.remove(dataSource.manager, {
      counts: [{ topicId: 'kept', column: 'delivered', count: 1 }],
      dispatched: [],
    });
    await months.seal(month);
    expect(await recount(dataSource)).toEqual([]);
    await run();
    expect(await count('messages', 'id = $1', [message])).toBe(0);
    expect(await months.sealed()).toBeNull();
  });

  it('drops only what is sealed, and by the last seal', async () => {
    const [month] = await past();
    const first = await months.seal(month);
    const second = await months.seal(month);
    const nothing = { counts: [], dispatched: [] };
    await expect(months.drop(month, first, nothing)).rejects.toThrow(/is not sealed/);
    await months.unseal(first);
    expect(await months.sealed()).toMatchObject({ token: second });
    await months.unseal(second);
    expect(await months.sealed()).toBeNull();
    await expect(months.drop(month, second, nothing)).rejects.toThrow(/is not sealed/);
  });

  it('keeps mail without content from being sent again', async () => {
    const [month] = await past();
    const id = await add(month, 'failed', { state: 7, ended_at: new Date(Date.now() - 60 * DAY_MS) }, DISPATCHED);
    await run(DAYS, 0);
    const batches = new BatchesRepository(dataSource.getRepository(Batch), ledger);
    const retries = new RetriesRepository(dataSource.getRepository(Email), batches, ledger);
    for await (const retried of retries.retry('kept', ['failed'])) expect(retried).toBe(0);
    expect(await count('emails', 'id = $1 AND state = 7', [id])).toBe(1);
  });
});
