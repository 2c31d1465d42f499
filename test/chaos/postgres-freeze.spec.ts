import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { compare, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { API_KEY, Stack } from '../support/stack.js';

const MESSAGES = ofFullRun(50);
const SIZE = 200;
const TOTAL = MESSAGES * SIZE;
const CONCURRENCY = 16;
/** Longer than any statement may take, and shorter than a careful client tries. */
const FROZEN_MS = ofFullRun(40_000) + 7_000;
const PROBE_EVERY_MS = 250;
const ANSWERED_WITHIN_MS = 10_000;
const RECOVERED_WITHIN_MS = 5_000;

interface Answer {
  status: number;
  afterMs: number;
}

it('a PostgreSQL that stands still holds no request for long, and all goes on when it goes on', async () => {
  const server = await PostgresServer.create();
  onTestFinished(() => server.remove());
  await server.start();
  const stack = await Stack.start({
    adminUrl: server.url,
    env: { BATCH_SIZE: '50', SENDER_CONCURRENCY: String(CONCURRENCY), AMBIGUOUS_SENDS: 'resend' },
  });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  const sender = await stack.sender();
  const answerOf = async (path: string, body?: object): Promise<Answer> => {
    const startedMs = Date.now();
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}${path}`, { method, headers, body: JSON.stringify(body) });
    await response.arrayBuffer();
    return { status: response.status, afterMs: Date.now() - startedMs };
  };
  const scheduled = new Date(Date.now() + 24 * 60 * 60 * 1_000).toISOString();
  const later = { emails: ['later@example.com'], subject: 'x', content: '<p>x</p>', scheduled_at: scheduled };

  const topicId = 'frozen';
  const accepting = submit(stack, { topicId, messages: MESSAGES, recipientsPerMessage: SIZE, gateway: () => gateway });
  await eventually(() => stack.sink.mails.length > 0, 30_000, 'the first mails');
  server.freeze();
  const probes: Promise<Answer>[] = [];
  const lives: Promise<Answer>[] = [];
  for (const endMs = Date.now() + FROZEN_MS; Date.now() < endMs; await sleep(PROBE_EVERY_MS)) {
    probes.push(answerOf(`/v1/topics/${topicId}`), answerOf('/v1/messages', { messages: [later] }));
    lives.push(answerOf('/health/live'));
  }
  // One that began at the end may be answered by the server that goes on.
  const answers = await Promise.all(probes.slice(0, probes.length / 2));
  server.thaw();
  const thawedMs = Date.now();
  const isServed = async () => (await answerOf('/health/ready')).status === 200;
  await eventually(isServed, RECOVERED_WITHIN_MS, 'readiness');
  const recoveredMs = Date.now() - thawedMs;
  const accepted = await accepting;
  // What a claim took whose COMMIT was not answered comes back with the end of its lease.
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 120_000, 'the state sent of all mails');

  const delivered = compare(stack.sink.mails, accepted);
  const slowestMs = Math.max(...answers.map(({ afterMs }) => afterMs));
  console.info(
    `${TOTAL} mails, PostgreSQL frozen for ${FROZEN_MS} ms: ${inWords(delivered)}; ${answers.length} requests were answered ` +
      `after up to ${slowestMs} ms, ready ${recoveredMs} ms after it went on`,
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(slowestMs).toBeLessThanOrEqual(ANSWERED_WITHIN_MS);
  expect((await Promise.all(lives)).every(({ status }) => status === 200)).toBe(true);
  expect(delivered).toMatchObject({ missing: [], unexpected: [] });
  expect(delivered.duplicates).toBeLessThanOrEqual(CONCURRENCY);
  expect([gateway, sender].every(({ isRunning }) => isRunning)).toBe(true);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P9',
    under: `SIGSTOP of all of PostgreSQL for ${FROZEN_MS / 1_000} s`,
    promised: `answers within ${ANSWERED_WITHIN_MS / 1_000} s, ready ${RECOVERED_WITHIN_MS / 1_000} s after, 0 lost, at most ${CONCURRENCY} twice`,
    stream: null,
    provider: inWords(delivered),
    measured: `answered after up to ${slowestMs} ms, ready after ${recoveredMs} ms`,
    recipients: TOTAL,
    kills: 0,
    seed: null,
  });
}, 300_000);
