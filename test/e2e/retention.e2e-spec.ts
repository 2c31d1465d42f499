import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fill } from '../../bench/fill.js';
import type { RetentionService } from '../../src/retention/retention.service.js';
import { eventually } from '../support/eventually.js';
import { knownFor, RETENTION_ENTITIES, retentionOf } from '../support/retention.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const EMAILS = 60_000;
/** Far above a commit on a machine of two cores that does much else; far below what the removal takes. */
const LONGEST_MS = 1_500;

let stack: Stack;
let gateway: Gateway;
let dataSource: DataSource;
let retention: RetentionService;

beforeAll(async () => {
  stack = await Stack.start();
  expect((await stack.run('dist/src/cli/migrate.js')).code).toBe(0);
  await fill(stack.databaseUrl, { emails: EMAILS, eventsPerEmail: 3 }, () => undefined);
  dataSource = await new DataSource({
    type: 'postgres',
    url: stack.databaseUrl,
    entities: RETENTION_ENTITIES,
  }).initialize();
  retention = retentionOf(dataSource, { contentDays: 10, eventDays: 10 });
  gateway = await stack.gateway();
  await stack.sender();
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await dataSource.destroy();
  await stack.stop();
});

const partitions = async () =>
  (await stack.query<{ name: string }>(`SELECT relname AS name FROM pg_class WHERE relname ~ '^emails_2[0-9_]+$'`))
    .length;

it('removes months and content while mail is accepted and sent, and nobody waits for long', async () => {
  const before = await partitions();
  const [old] = await stack.query<{ id: string; message_id: string }>(
    `SELECT first_email_id AS id, id AS message_id FROM messages ORDER BY id LIMIT 1`,
  );
  await stack.get(gateway, `/v1/emails/${old.id}`);
  const topic = await stack.topic(gateway, 'campaign');

  await knownFor(dataSource, 365);
  let isRunning = true;
  const running = retention.run().finally(() => (isRunning = false));
  const took: number[] = [];
  while (isRunning) {
    const begun = performance.now();
    const body = { messages: [{ topic_id: 'live', emails: recipients(5), subject: 'x', content: '<p>x</p>' }] };
    expect((await stack.post(gateway, body)).status).toBe(200);
    took.push(performance.now() - begun);
  }
  await running;

  const longestMs = Math.max(...took);
  console.log(`${took.length} submissions beside the removal, the longest of ${Math.round(longestMs)} ms`);
  expect(took.length).toBeGreaterThan(10);
  expect(longestMs).toBeLessThan(LONGEST_MS);
  expect(await partitions()).toBeLessThan(before);
  await eventually(
    async () => (await stack.topic(gateway, 'live')).states.sent === took.length * 5,
    30_000,
    'the sending of all that was accepted meanwhile',
  );
  for (const path of [`/v1/emails/${old.id}`, `/v1/messages/${old.message_id}`]) {
    await expect(stack.get(gateway, path)).rejects.toThrow(/404/);
  }
  expect(await stack.topic(gateway, 'campaign')).toEqual(topic);
});

it('removes the same once more, without finding anything', async () => {
  await knownFor(dataSource, 365);
  const rows = () =>
    stack.query(`SELECT count(*) FROM emails UNION ALL SELECT count(*) FROM messages WHERE subject = ''`);
  const before = await rows();
  await retention.run();
  expect(await rows()).toEqual(before);
});
