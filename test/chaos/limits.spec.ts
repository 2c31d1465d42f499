import { afterAll, beforeAll, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const HIGH_WATER = 300;

let stack: Stack;
let gateway: Gateway;
let simulator: Simulator;
let httpPort: number;

beforeAll(async () => {
  stack = await Stack.start({ env: { QUEUE_HIGH_WATER: String(HIGH_WATER) } });
  simulator = new Simulator({ limits: { maxSendRate: 1_000 } });
  ({ httpPort } = await simulator.listen());
  gateway = await stack.gateway();
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await simulator.close();
  await stack.stop();
});

const states = async (topic: string) => (await stack.topic(gateway, topic)).states;

async function submit(topic: string, emails: readonly string[]): Promise<string[]> {
  const body = { messages: [{ topic_id: topic, emails, subject: 'News', content: '<p>News</p>' }] };
  const response = await stack.post(gateway, body, { prefer: 'return=representation' });
  expect(response.status).toBe(200);
  return ((await response.json()) as { messages: { email_ids: string[] }[] }).messages[0].email_ids;
}

it('cuts a batch in two when the stream has room for a part of it', async () => {
  const suppressed = ['cut10@example.com', 'cut299@example.com', 'cut300@example.com', 'cut999@example.com'];
  await stack.query(`INSERT INTO suppressions (address, reason, source) SELECT unnest($1::text[]), 'manual', 'test'`, [
    suppressed,
  ]);
  const ids = await submit('cut', recipients(1_000, 'cut'));
  await eventually(async () => (await states('cut')).dispatched === HIGH_WATER, 10_000, 'a full stream');
  expect(await states('cut')).toMatchObject({ pending: 700 - suppressed.length, suppressed: suppressed.length });
  expect(await stack.recount()).toBe('');

  const batches = await stack.query<{ state: number; size: number; emails: number }>(
    `SELECT state, size, (SELECT count(*)::int FROM emails WHERE id BETWEEN b.id AND b.last_id) AS emails
     FROM batches b WHERE topic_id = 'cut' ORDER BY id`,
  );
  expect(batches).toEqual([
    { state: 1, size: 300, emails: 303 },
    { state: 0, size: 696, emails: 697 },
  ]);
  const stateOf = async (index: number) =>
    (await stack.get<{ status: string; state: string }>(gateway, `/v1/emails/${ids[index]}`)).state;
  expect(await Promise.all([0, 10, 301, 302, 303, 998, 999].map(stateOf))).toEqual([
    'dispatched',
    'suppressed',
    'dispatched',
    'dispatched',
    'pending',
    'pending',
    'suppressed',
  ]);
});

it('stops the part that waits, and an event takes an email out of it', async () => {
  const [{ id }] = await stack.query<{ id: string }>(
    `SELECT e.id FROM emails e JOIN batches b ON e.id BETWEEN b.id AND b.last_id
     WHERE b.topic_id = 'cut' AND b.state = 0 AND e.state IS NULL ORDER BY e.id DESC LIMIT 1`,
  );
  const opened = await fetch(`${gateway.url}/v1/events/open?request_id=${id}`);
  expect(opened.status).toBe(200);
  const response = await fetch(`${gateway.url}/v1/topics/cut`, {
    method: 'DELETE',
    headers: { 'x-api-key': stack.env.API_KEY },
  });
  expect(await response.json()).toMatchObject({ stopped: 696 });
  expect(await states('cut')).toMatchObject({ pending: 0, dispatched: 300, stopped: 696 });
  expect(await stack.recount()).toBe('');
});

it('sends all through a provider that throttles every third mail, at the cost of no attempt', async () => {
  simulator.faults.rates = { throttlePercent: 30, resetPercent: 0, rejectPercent: 0 };
  await stack.sender(simulatedSes(httpPort));
  await submit('throttled', recipients(300, 'throttled'));
  await eventually(async () => (await states('throttled')).sent === 300, 50_000, 'all mails sent');
  const [{ attempts }] = await stack.query<{ attempts: number }>(
    `SELECT max(attempts) AS attempts FROM emails WHERE address LIKE 'throttled%'`,
  );
  expect(attempts).toBe(1);
  const accepted = simulator.accepted.page(0, Infinity).filter(({ recipient }) => recipient.startsWith('throttled'));
  expect(accepted).toHaveLength(300);
  expect(new Set(accepted.map(({ requestId }) => requestId)).size).toBe(300);
  const [{ lowered }] = await stack.query<{ lowered: boolean }>(
    'SELECT lowered_rate < provider_rate AS lowered FROM send_limits',
  );
  expect(lowered).toBe(true);
});
