import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { reportPromise } from '../support/promise-report.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const RATE = 200;
const MAILS = 3_000;
const WINDOW_MS = 10_000;

let stack: Stack;
let gateway: Gateway;
let simulator: Simulator;

beforeAll(async () => {
  stack = await Stack.start();
  simulator = new Simulator({ limits: { maxSendRate: RATE } });
  const { httpPort } = await simulator.listen();
  gateway = await stack.gateway();
  await Promise.all([1, 2, 3].map(() => stack.sender(simulatedSes(httpPort))));
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await simulator.close();
  await stack.stop();
});

const submit = async (topic: string, emails: string[]) => {
  const body = { messages: [{ topic_id: topic, emails, subject: 'News', content: '<p>News</p>' }] };
  const response = await stack.post(gateway, body);
  expect(response.status, await response.clone().text()).toBe(200);
};

/** The most mails that any window of ten seconds holds. */
function busiestWindow(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [last, at] of times.entries()) {
    while (at - times[first] >= WINDOW_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

it('three senders keep the rate of one account, say when they are done, and let a single mail pass', async () => {
  for (let part = 0; part < MAILS / 1_000; part++) await submit('campaign', recipients(1_000, `c${part}-`));
  await eventually(() => simulator.accepted.length > 0, 10_000, 'the first mail');
  const page = await stack.get<{ expected_finish_at: string | null }>(gateway, '/v1/topics/campaign');
  const askedMs = Date.now();

  await sleep(8_000);
  const singleAtMs = Date.now();
  await submit('single', ['single@example.com']);
  const accepted = () => simulator.accepted.page(0, Infinity);
  const single = await eventually(
    () => accepted().find(({ recipient }) => recipient === 'single@example.com'),
    10_000,
    'the single mail',
  );
  const singleMs = single.at - singleAtMs;

  await eventually(() => simulator.accepted.length > MAILS, 60_000, 'the last mail');
  const times = accepted().map(({ at }) => at);
  const lastMs = times.at(-1)!;
  const expectedMs = Date.parse(page.expected_finish_at!);
  const busiest = busiestWindow(times);
  expect(busiest).toBeLessThanOrEqual(RATE * 10 * 1.05);
  expect(singleMs).toBeLessThan(3_000);
  expect(Math.abs(expectedMs - lastMs)).toBeLessThan(0.1 * (lastMs - askedMs));
  expect(new Set(accepted().map(({ requestId }) => requestId)).size).toBe(MAILS + 1);

  await eventually(
    async () => (await stack.topic(gateway, 'campaign')).states.sent === MAILS,
    20_000,
    'the ledger to know all of it',
  );
  expect(await stack.get(gateway, '/v1/topics/campaign')).toMatchObject({ expected_finish_at: null });
  reportPromise({
    promise: 'P19',
    under: `three senders of one account that takes ${RATE} mails/s`,
    promised: `at most ${RATE * 10 * 1.05} mails in any ten seconds`,
    stream: null,
    provider: `${times.length} mails, at most ${busiest} in ten seconds`,
    recipients: MAILS + 1,
    kills: 0,
    seed: null,
  });
});
