import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { type Gateway, Stack } from '../support/stack.js';

const KILLS = ofFullRun(10);
const MESSAGES_PER_KILL = 5;
const SIZE = 200;
const TOTAL = KILLS * MESSAGES_PER_KILL * SIZE;
const CONCURRENCY = 16;
const REFUSED_WITHIN_MS = 2_000;
const RECOVERED_WITHIN_MS = 5_000;

it('a killed PostgreSQL loses nothing that was accepted, and ends no process of ours', async () => {
  const seed = chaosSeed();
  const random = seededRandom(seed);
  const server = await PostgresServer.create();
  onTestFinished(() => server.remove());
  await server.start();
  const stack = await Stack.start({
    adminUrl: server.url,
    env: { BATCH_SIZE: '50', SENDER_CONCURRENCY: String(CONCURRENCY), AMBIGUOUS_SENDS: 'resend' },
  });
  onTestFinished(() => stack.stop());
  const gateways = [await stack.gateway(), await stack.gateway()];
  const senders = [await stack.sender(), await stack.sender()];

  const accepted: string[] = [];
  const refusedMs: number[] = [];
  const recoveredMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const accepting = submit(stack, {
      topicId: `postgres-dies-${kill}`,
      messages: MESSAGES_PER_KILL,
      recipientsPerMessage: SIZE,
      gateway: () => gateways[Math.floor(random() * gateways.length)],
    });
    await sleep(random() * 600);
    await server.kill();
    refusedMs.push(await refusal(stack, gateways[0]));
    await server.start();
    recoveredMs.push(await recovery(gateways));
    accepted.push(...(await accepting));
  }
  // What a claim took whose COMMIT was not answered comes back with the end of its lease.
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 120_000, 'the state sent of all mails');

  const delivered = compare(stack.sink.mails, accepted);
  console.info(
    `${TOTAL} mails, ${KILLS} kills of PostgreSQL (seed ${seed}): ${inWords(delivered)}; refused after up to ` +
      `${Math.max(...refusedMs)} ms, ready up to ${Math.max(...recoveredMs)} ms after its start`,
  );
  expect(accepted).toHaveLength(TOTAL);
  expect(delivered).toMatchObject({ missing: [], unexpected: [] });
  expect(delivered.duplicates).toBeLessThanOrEqual(KILLS * CONCURRENCY * senders.length);
  expect([...gateways, ...senders].every(({ isRunning }) => isRunning)).toBe(true);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P8',
    under: 'kill -9 of the PostgreSQL postmaster',
    promised: `0 lost, at most ${CONCURRENCY * senders.length} per kill twice, no process restarts`,
    stream: null,
    provider: inWords(delivered),
    recipients: TOTAL,
    kills: KILLS,
    seed,
  });
}, 600_000);

/** How long a submission takes to be refused. */
async function refusal(stack: Stack, gateway: Gateway): Promise<number> {
  const startedMs = Date.now();
  const { status } = await stack.post(gateway, {
    messages: [{ emails: ['refused@example.com'], subject: 'x', content: '<p>x</p>' }],
  });
  expect(status).toBe(503);
  const tookMs = Date.now() - startedMs;
  expect(tookMs).toBeLessThanOrEqual(REFUSED_WITHIN_MS);
  return tookMs;
}

async function recovery(gateways: readonly Gateway[]): Promise<number> {
  const startedMs = Date.now();
  const isReady = async ({ url }: Gateway) => (await fetch(`${url}/health/ready`)).status === 200;
  const areReady = async () => (await Promise.all(gateways.map(isReady))).every(Boolean);
  await eventually(areReady, RECOVERED_WITHIN_MS, 'readiness of all gateways');
  return Date.now() - startedMs;
}
