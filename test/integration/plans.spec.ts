import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fill } from '../../bench/fill.js';
import { migrate } from '../../src/database/migrator.js';
import * as events from '../../src/events/events.sql.js';
import * as batches from '../../src/messages/batches.sql.js';
import * as emails from '../../src/messages/emails.sql.js';
import * as judging from '../../src/messages/judging.sql.js';
import * as messages from '../../src/messages/messages.sql.js';
import * as retries from '../../src/messages/retries.sql.js';
import * as survey from '../../src/retention/survey.sql.js';
import * as suppressions from '../../src/suppressions/suppressions.sql.js';
import * as topics from '../../src/topics/topics.sql.js';
import { TestDatabase } from '../support/test-database.js';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Subplan Name'?: string;
  Plans?: Plan[];
}

const FILLED = { emails: 50_000, eventsPerEmail: 1 } as const;
const BACKLOG = 20_000;

let database: TestDatabase;
let client: pg.Client;
/** Nothing was ever stored in it: a plan that is kept from its first day outlives that. */
let emptyDatabase: TestDatabase;
let emptyClient: pg.Client;
/** A hundred emails that are stored, and their batches. */
let ids: string;
let batchIds: string;
let large: Set<string>;

async function migratedDatabase(): Promise<TestDatabase> {
  const created = await TestDatabase.create();
  const dataSource = await created.connect();
  await migrate(dataSource);
  await dataSource.destroy();
  return created;
}

async function clientOf({ url }: TestDatabase): Promise<pg.Client> {
  const connected = new pg.Client({ connectionString: url });
  await connected.connect();
  return connected;
}

beforeAll(async () => {
  database = await migratedDatabase();
  emptyDatabase = await migratedDatabase();
  await fill(database.url, FILLED, () => undefined);
  client = await clientOf(database);
  emptyClient = await clientOf(emptyDatabase);
  // Half of it is due, and it stands in two months' partitions.
  await client.query(
    `INSERT INTO batches (id, ids, message_id, topic_id, lane, size, claim_at)
     SELECT id, ARRAY[id], id, 'topic-' || number % 100, number % 2, 1, now() + (number - $1 / 2) * interval '1 s'
     FROM generate_series(1, $1::int) AS number CROSS JOIN LATERAL (
       SELECT overlay(gen_random_uuid()::text PLACING
         left(uuid_floor(now()::timestamp + number % 2 * interval '1 month')::text, 13) FROM 1)::uuid AS id
     ) AS batch`,
    [BACKLOG],
  );
  await client.query(
    `INSERT INTO topic_counters (topic_id) SELECT 'many-' || number FROM generate_series(1, 5000) AS number`,
  );
  await client.query(
    `INSERT INTO suppressions (address, reason, source)
     SELECT 'user' || number || '@example.org', 'bounce', 'test' FROM generate_series(1, 20000) AS number`,
  );
  // As autovacuum would have done it, which leaves alone what is empty.
  const filled = await client.query<{ names: string }>(
    `SELECT string_agg(oid::regclass::text, ', ') AS names FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0`,
  );
  await client.query(`VACUUM ANALYZE ${filled.rows[0].names}`);
  // Any plan does for a few pages. What is empty is to grow, and a plan that was made before outlives that.
  const tables = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relname ~ '^(emails|batches|events|messages|topic_counters)' AND relkind = 'r'
       AND pg_relation_size(oid) / current_setting('block_size')::int NOT BETWEEN 1 AND 20`,
  );
  large = new Set(tables.rows.map(({ name }) => name));
  const { rows } = await client.query<{ ids: string; batches: string }>(
    `SELECT array_agg(id)::text AS ids, (SELECT array_agg(id)::text FROM (SELECT id FROM batches LIMIT 100) AS chosen) AS batches
     FROM (SELECT id FROM emails ORDER BY random() LIMIT 100) AS chosen`,
  );
  [ids, batchIds] = [rows[0].ids, rows[0].batches];
});

afterAll(async () => {
  await Promise.all([client.end(), emptyClient.end()]);
  await Promise.all([database.drop(), emptyDatabase.drop()]);
});

const MODES = ['force_generic_plan', 'force_custom_plan'] as const;
let prepared = 0;

async function planOf(
  statement: string,
  parameters: readonly string[],
  mode: (typeof MODES)[number],
  connection = client,
): Promise<Plan> {
  const name = `plan_${prepared++}`;
  const literals = parameters.map((parameter) => pg.escapeLiteral(parameter)).join(', ');
  await connection.query(`SET plan_cache_mode = ${mode}`);
  await connection.query(`PREPARE ${name} AS ${statement}`);
  const { rows } = await connection.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE ${name}${literals === '' ? '' : `(${literals})`}`,
  );
  return rows[0]['QUERY PLAN'][0].Plan;
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** Relations that are read from end to end. */
function scannedBy(plan: Plan): string[] {
  const scans = nodesOf(plan).filter((node) => node['Node Type'] === 'Seq Scan');
  return scans.map((node) => node['Relation Name'] ?? '');
}

const HOT_STATEMENTS: readonly [string, string, () => string[]][] = [
  ['emails.lock_for_sending', emails.LOCK_FOR_SENDING, () => [ids]],
  ['emails.read_for_sending', emails.READ_FOR_SENDING, () => [ids]],
  ['batches.judge_ranges', judging.JUDGE_RANGES, () => [ids, ids]],
  ['batches.judge_by_id', judging.JUDGE_BY_ID, () => [batchIds]],
  ['emails.begin_sending', emails.BEGIN_SENDING, () => [ids, newId(), 'me', '30']],
  ['emails.lock', emails.LOCK_EMAILS, () => [ids]],
  ['emails.find', messages.FIND_EMAIL, () => [firstOf(ids)]],
  ['emails.mark_sent', emails.MARK_SENT, () => [ids, ids]],
  ['emails.mark_not_sent', emails.MARK_NOT_SENT, () => [ids, threes(ids), ids]],
  ['batches.claim_due', batches.CLAIM_DUE, () => ['1', '64', 'me', '30', '4000']],
  ['batches.lease_pending', batches.LEASE_PENDING, () => [batchIds, 'me', '30']],
  ['batches.next_claim', batches.NEXT_CLAIM, () => []],
  ['batches.load_emails', batches.LOAD_EMAILS, () => [batchIds, 'true']],
  ['batches.hold', batches.HOLD, () => [batchIds, zeros(batchIds)]],
  ['batches.mark_dispatched', batches.MARK_DISPATCHED, () => [batchIds, zeros(batchIds)]],
  ['batches.stop_pending', batches.STOP_PENDING, () => ['topic-1']],
  ['events.lock', events.LOCK, () => [ids, firstOf(ids), lastOf(ids)]],
  ['events.batches_of_ranges', events.BATCHES_OF_RANGES, () => [ids, ids]],
  ['events.batches_by_id', events.BATCHES_BY_ID, () => [batchIds]],
  [
    'events.raise',
    events.RAISE,
    () => [ids, threes(ids), threes(ids), nulls(ids), nulls(ids), nulls(ids), firstOf(ids), lastOf(ids)],
  ],
  ['retries.find', retries.FIND_IN_STATES, () => [ids, '{7}']],
  ['retries.read', retries.READ_IN_STATES, () => [ids, '{7,8}']],
  [
    'retention.survey',
    survey.SURVEY,
    () => [`{${firstOf(ids)}}`, `{${lastOf(ids)}}`, '1000', '{0,2,11}', new Date().toISOString()],
  ],
  ['topics.counts', topics.TOPIC_COUNTS, () => ['campaign']],
  ['topics.count_dispatched', topics.COUNT_DISPATCHED, () => ['24']],
];

describe.each(MODES)('with %s', (mode) => {
  it.each(['0', '1'])('the claim of lane %s reads the backlog in due order and sorts none of it', async (lane) => {
    const plan = await planOf(batches.CLAIM_DUE, [lane, '64', 'me', '30', '4000'], mode);
    const due = nodesOf(plan).find((node) => node['Subplan Name'] === 'CTE due')!;
    const nodes = nodesOf(due);
    expect(nodes.map((node) => node['Node Type'])).not.toContain('Sort');
    expect(nodes.map((node) => node['Node Type'])).toContain('Merge Append');
    const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
    expect(scans.length).toBeGreaterThan(1);
    for (const scan of scans) {
      expect(scan['Node Type']).toBe('Index Scan');
      expect(scan['Index Name']).toMatch(/_lane_claim_at_idx$/);
    }
  });

  it('the lookup of addresses in the list of suppressions goes by its key', async () => {
    const nodes = nodesOf(await planOf(suppressions.REASONS_AMONG, ['{user1@example.org,user2@example.org}'], mode));
    // Whether the list is empty is asked first, of any row.
    const scans = nodes.filter(
      (node) => node['Relation Name'] === 'suppressions' && !node['Subplan Name']?.startsWith('InitPlan'),
    );
    expect(scans.map((node) => node['Index Name'])).toEqual(['suppressions_pkey']);
  });

  it.each(HOT_STATEMENTS)(
    '%s reads no partition and no counters from end to end',
    async (_name, statement, parameters) => {
      const read = scannedBy(await planOf(statement, parameters(), mode));
      expect(read.filter((name) => large.has(name))).toEqual([]);
    },
  );
});

describe('kept from the first day, before anything was stored', () => {
  it.each(HOT_STATEMENTS)('the plan of %s goes by indexes', async (_name, statement, parameters) => {
    const read = scannedBy(await planOf(statement, parameters(), 'force_generic_plan', emptyClient));
    expect(read.filter((name) => /^(emails|batches|events|messages)/.test(name))).toEqual([]);
  });
});

const fillWith = (text: string, array: string) => array.replace(/[0-9a-f-]{36}/g, text);
const zeros = (array: string) => fillWith('0', array);
const threes = (array: string) => fillWith('3', array);
const nulls = (array: string) => fillWith('NULL', array);
const firstOf = (array: string) => array.slice(1, 37);
const lastOf = (array: string) => array.slice(-37, -1);
const newId = () => firstOf(ids);
