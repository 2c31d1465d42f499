import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const QUOTA = 600;
const MAILS = 2_000;
const HOUR_MS = 3_600_000;

interface Health {
  status: string;
  details: { sending: { status: string; reason?: string; until?: string } };
}

let stack: Stack;
let gateway: Gateway;
let simulator: Simulator;
let simulatorUrl: string;

beforeAll(async () => {
  stack = await Stack.start();
  simulator = new Simulator({ limits: { maxSendRate: 500, max24HourSend: QUOTA } });
  const { httpPort } = await simulator.listen();
  simulatorUrl = `http://127.0.0.1:${httpPort}`;
  gateway = await stack.gateway();
  await Promise.all([1, 2].map(() => stack.sender(simulatedSes(httpPort))));
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await simulator.close();
  await stack.stop();
});

const health = () => stack.get<Health>(gateway, '/health');
const setLimits = (limits: object) => fetch(`${simulatorUrl}/limits`, { method: 'PUT', body: JSON.stringify(limits) });
/** The provider is asked at the next look, a few seconds away, instead of up to five minutes. */
const askSoon = () => stack.query(`UPDATE send_limits SET refreshed_at = now() - interval '10 minutes'`);

async function submit(topic: string, count: number): Promise<void> {
  for (let part = 0; part < count / 1_000; part++) {
    const emails = recipients(Math.min(1_000, count - part * 1_000), `${topic}${part}-`);
    const body = { messages: [{ topic_id: topic, emails, subject: 'News', content: '<p>News</p>' }] };
    expect((await stack.post(gateway, body)).status).toBe(200);
  }
}

/** Each accepted once, at its first attempt. */
async function expectAllSent(topic: string, count: number): Promise<void> {
  await eventually(
    async () => (await stack.topic(gateway, topic)).states.sent === count,
    40_000,
    `${count} mails of ${topic} sent`,
  );
  const rows = await stack.query<{ attempts: number; count: number }>(
    `SELECT attempts, count(*)::int AS count FROM emails WHERE address LIKE $1 GROUP BY 1`,
    [`${topic}%`],
  );
  expect(rows).toEqual([{ attempts: 1, count }]);
  const accepted = simulator.accepted.page(0, Infinity).filter(({ recipient }) => recipient.startsWith(topic));
  expect(new Set(accepted.map(({ requestId }) => requestId)).size).toBe(count);
  expect(accepted).toHaveLength(count);
}

it('waits for a quota that runs out, says until when, and goes on when there is more', async () => {
  await submit('quota', MAILS);
  const held = await eventually(
    async () => {
      const found = await health();
      return found.details.sending.status === 'degraded' && found;
    },
    20_000,
    'the quota to be spent',
  );
  expect(held.status).toBe('degraded');
  expect(held.details.sending.reason).toBe(`the quota of ${QUOTA} emails in 24 hours is spent`);
  const untilMs = Date.parse(held.details.sending.until!) - Date.now();
  expect(untilMs).toBeGreaterThan(23.9 * HOUR_MS);
  expect(untilMs).toBeLessThan(24.1 * HOUR_MS);
  await eventually(() => gateway.output.includes('nothing is sent: the quota of 600'), 5_000, 'a log line');
  expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);

  // Up to a lease that was given back late; the next report knows it.
  await askSoon();
  await eventually(() => simulator.accepted.length === QUOTA, 15_000, 'all of the quota to be used');
  const sentMs = simulator.accepted.page(QUOTA - 1, 1)[0].at;
  await sleep(2_000);
  expect(simulator.accepted.length).toBe(QUOTA);
  const { states, expected_finish_at } = await stack.get<{
    states: Record<string, number>;
    expected_finish_at: string;
  }>(gateway, '/v1/topics/quota');
  expect(states).toMatchObject({ sent: QUOTA, failed: 0, uncertain: 0 });
  // What waits, waits in the ledger.
  expect(states.pending).toBeGreaterThan(MAILS - QUOTA - 50);
  expect(Date.parse(expected_finish_at) - sentMs).toBeGreaterThan(24 * HOUR_MS);

  await setLimits({ max_24_hour_send: 1_000_000 });
  await askSoon();
  await expectAllSent('quota', MAILS);
  expect((await health()).details.sending).toEqual({ status: 'up' });
});

it('waits while the account may not send, and probes with single mails', async () => {
  await setLimits({ sending_enabled: false });
  await submit('account', 300);
  const held = await eventually(
    async () => {
      const { sending } = (await health()).details;
      return sending.status === 'degraded' && sending;
    },
    20_000,
    'the account to be noticed',
  );
  expect(held.reason).toMatch(/SendingPausedException/);
  await sleep(6_000);
  await setLimits({ sending_enabled: true });
  await askSoon();
  await expectAllSent('account', 300);
  await eventually(async () => (await health()).details.sending.status === 'up', 10_000, 'health to be up');
});
