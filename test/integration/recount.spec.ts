import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { fill } from '../../bench/fill.js';
import { migrate } from '../../src/database/migrator.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { recount } from '../../src/ledger/recount.js';
import { RECOUNT_STATES } from '../../src/ledger/recount.sql.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { TopicCounters } from '../../src/ledger/topic-counters.entity.js';
import { TestDatabase } from '../support/test-database.js';

const ID = '01900000-0000-7000-8000-000000000000';

let database: TestDatabase;
let dataSource: DataSource;

/** One email, delivered and opened by a person, of a batch that was dispatched ten days ago. */
beforeAll(async () => {
  database = await TestDatabase.create();
  dataSource = await database.connect([TopicCounters, TopicBucket]);
  await migrate(dataSource);
  const at = `date_trunc('hour', now() - interval '10 days') + interval '7 minutes'`;
  for (const statement of [
    `INSERT INTO messages (id, topic_id, subject, content, first_email_id, count, track_opens, api_key)
     VALUES ('${ID}', 't', 's', 'c', '${ID}', 1, true, 'k')`,
    `INSERT INTO batches (id, last_id, message_id, topic_id, state, lane, size, claim_at, dispatched_at)
     VALUES ('${ID}', '${ID}', '${ID}', 't', 1, 0, 1, now(), ${at})`,
    `INSERT INTO emails (id, address, state, sent_at, events) VALUES ('${ID}', 'a@b.cd', 4, now(), 2 + 32 + 1024)`,
    `INSERT INTO events (email_id, id, type, occurred_at, is_machine) VALUES
     ('${ID}', gen_random_uuid(), 'Delivery', now(), NULL), ('${ID}', gen_random_uuid(), 'Open', now(), false),
     ('${ID}', gen_random_uuid(), 'Open', now(), true), ('${ID}', gen_random_uuid(), 'NewType', now(), NULL)`,
    `INSERT INTO topic_counters (topic_id, total, delivered, delivery, open, human_open, tracked_delivery)
     VALUES ('t', 1, 1, 1, 1, 1, 1)`,
    `INSERT INTO topic_buckets (topic_id, minute, dispatched, delivery, open, human_open)
     VALUES ('t', ${at}, 1, 1, 0, 0), ('t', ${at} + interval '3 minutes', 0, 0, 1, 1)`,
  ]) {
    await dataSource.query(statement);
  }
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

it('finds nothing where all is right, before and after minutes are folded into hours', async () => {
  expect(await recount(dataSource)).toEqual([]);
  const ledger = new LedgerService(dataSource.getRepository(TopicBucket));
  const recent = `INSERT INTO topic_buckets (topic_id, minute) VALUES ('t', date_trunc('hour', now() - interval '167 hours') + interval '5 minutes')`;
  await dataSource.query(recent);
  await ledger.foldBuckets();
  await ledger.foldBuckets();
  const rows = await dataSource.query<object[]>(
    `SELECT extract(minute FROM minute)::int AS minute, dispatched, delivery, open, human_open FROM topic_buckets ORDER BY topic_buckets.minute`,
  );
  expect(rows).toEqual([
    { minute: 0, dispatched: '1', delivery: '1', open: '1', human_open: '1' },
    { minute: 5, dispatched: '0', delivery: '0', open: '0', human_open: '0' },
  ]);
  expect(await recount(dataSource)).toEqual([]);
});

it.each([
  [`UPDATE topic_counters SET open = open + 1`, [/open is 2, counted 1/, /open is 2, counted 1 in buckets/]],
  [`UPDATE topic_counters SET tracked_delivery = 0`, [/tracked_delivery is 0, counted 1/]],
  [`UPDATE topic_counters SET human_open = 0`, [/human_open is 0, counted 1/, /human_open is 0, counted 1 in buckets/]],
  [`UPDATE topic_buckets SET delivery = 0`, [/delivery is 1, counted 0 in buckets/]],
  [`UPDATE topic_buckets SET dispatched = 5 WHERE dispatched = 1`, [/dispatched is 5, counted 1/]],
  [`UPDATE emails SET events = 2 + 32`, [/human_open is 1, counted 0/, /event bits are 34, counted 1058/]],
  [`DELETE FROM events WHERE type = 'Delivery'`, [/event bits are 1058, counted 1056/]],
  [
    `INSERT INTO events (email_id, id, type, occurred_at) VALUES ('${ID}', gen_random_uuid(), 'Click', now())`,
    [/event bits are 1058, counted 1122/],
  ],
  [`UPDATE messages SET track_opens = false`, [/tracked_delivery is 1, counted 0/]],
  [`DELETE FROM topic_counters`, [/"t delivered": has no counters/, /"t total"/, /has events and no counters/]],
])('finds what %s spoils', async (statement, differences) => {
  const runner = dataSource.createQueryRunner();
  const tables = ['topic_counters', 'topic_buckets', 'emails', 'events', 'messages'];
  for (const table of tables) await runner.query(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
  await runner.query(statement);
  const found = await recount(dataSource);
  for (const table of tables) {
    await runner.query(`DELETE FROM ${table}`);
    await runner.query(`INSERT INTO ${table} SELECT * FROM kept_${table}`);
    await runner.query(`DROP TABLE kept_${table}`);
  }
  await runner.release();
  expect(found).toHaveLength(differences.length);
  for (const difference of differences) expect(found.join('\n')).toMatch(difference);
});

it('finds nothing in a ledger that a benchmark has filled', async () => {
  const filled = await TestDatabase.create();
  const itsSource = await filled.connect([TopicCounters, TopicBucket]);
  await migrate(itsSource);
  await fill(filled.url, { emails: 10_000, eventsPerEmail: 3 }, () => undefined);
  expect(await recount(itsSource)).toEqual([]);
  await itsSource.destroy();
  await filled.drop();
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

/** What a nested loop reads from end to end for each row of the other side. */
function readAgainAndAgain({ 'Node Type': node, Plans: plans = [] }: Plan): string[] {
  const inner = node === 'Nested Loop' ? scannedWhole(plans[1]) : [];
  return [...inner, ...plans.flatMap(readAgainAndAgain)];
}

function scannedWhole({ 'Node Type': node, 'Relation Name': relation = '', Plans: plans = [] }: Plan): string[] {
  return [...(node === 'Seq Scan' ? [relation] : []), ...plans.flatMap(scannedWhole)];
}

it('looks for the emails of each batch by their index, though nothing is known of the tables', async () => {
  const [{ 'QUERY PLAN': explained }] = await dataSource.query<{ 'QUERY PLAN': { Plan: Plan }[] }[]>(
    `EXPLAIN (FORMAT JSON) ${RECOUNT_STATES}`,
  );
  expect(readAgainAndAgain(explained[0].Plan)).toEqual([]);
});
