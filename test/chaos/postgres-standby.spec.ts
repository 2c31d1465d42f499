import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { eventually } from '../support/eventually.js';
import { endDispatchLeases } from '../support/leases.js';
import { NatsCluster } from '../support/nats-cluster.js';
import { PostgresPair } from '../support/postgres-pair.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { type Gateway, Stack } from '../support/stack.js';

/** In each both the leader of the stream and the primary are killed. */
const ROUNDS = ofFullRun(5);
const WAVE = { messages: 3, recipientsPerMessage: 40 };
const BETWEEN_WAVES_MS = 150;

it('loses nothing and repeats nothing while PostgreSQL fails over to its synchronous standby, and NATS loses its leader', async () => {
  const seed = chaosSeed();
  const random = seededRandom(seed);
  const [cluster, postgres] = await Promise.all([NatsCluster.create(), PostgresPair.create()]);
  onTestFinished(() => cluster.remove());
  onTestFinished(() => postgres.remove());
  await Promise.all([cluster.start(), postgres.join()]);
  const stack = await Stack.start({
    natsUrl: cluster.url,
    adminUrl: postgres.url,
    env: { NATS_REPLICAS: '3', BATCH_SIZE: '20', SENDER_CONCURRENCY: '16' },
  });
  onTestFinished(() => stack.stop());
  const gateways = await Promise.all([stack.gateway(), stack.gateway()]);
  const senders = await Promise.all([stack.sender(), stack.sender()]);

  const accepted: string[] = [];
  const readyMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await postgres.join();
    await cluster.isWhole(stack.nats, stack.name);
    await eventually(() => isSeenSynchronous(stack), 30_000, 'a look at the ledger that finds a synchronous standby');
    let isOver = false;
    const accepting = (async () => {
      for (let wave = 0; !isOver; wave++) {
        const gateway = () => gateways[Math.floor(random() * gateways.length)];
        accepted.push(...(await submit(stack, { ...WAVE, topicId: `round-${round}-wave-${wave}`, gateway })));
        await sleep(BETWEEN_WAVES_MS);
      }
    })();
    await sleep(random() * 1_000);
    const leader = await cluster.leaderOf(stack.nats, stack.name);
    await cluster.kill(leader);
    await sleep(random() * 1_000);
    await postgres.failOver();
    readyMs.push(await untilReady(gateways));
    cluster.startNode(leader);
    await sleep(random() * 1_000);
    isOver = true;
    await accepting;
    // Those whose settle was not answered have moved on, and would wait for the end of their leases.
    await endDispatchLeases(stack);
  }
  const isSent = async () => (await stack.countOf('sent')) === accepted.length;
  await eventually(isSent, 120_000, 'the state sent of all mails');

  const delivered = compare(stack.sink.mails, accepted);
  console.info(
    `${accepted.length} mails, ${ROUNDS} kills each of the primary and of the leading nats-server (seed ${seed}): ` +
      `${inWords(delivered)}; ready up to ${Math.max(...readyMs)} ms after the standby took over`,
  );
  expect(delivered).toEqual(eachOnce(accepted.length));
  expect([...gateways, ...senders].every(({ isRunning }) => isRunning)).toBe(true);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P44',
    under: 'kill -9 of the primary, cut off from its synchronous standby, and of the leader of three nats-servers',
    promised: '0 lost, 0 twice, no process restarts',
    stream: null,
    provider: inWords(delivered),
    recipients: accepted.length,
    kills: 2 * ROUNDS,
    seed,
  });
}, 600_000);

/** What was not seen before a standby takes over is not believed afterwards, and all is held. */
async function isSeenSynchronous(stack: Stack): Promise<boolean> {
  const states = await stack.query<{ is_synchronous: boolean }>('SELECT is_synchronous FROM ledger_state');
  return states.length > 0 && states.every(({ is_synchronous: isSynchronous }) => isSynchronous);
}

async function untilReady(gateways: readonly Gateway[]): Promise<number> {
  const startedMs = Date.now();
  const isReady = async ({ url }: Gateway) => (await fetch(`${url}/health/ready`)).status === 200;
  const areReady = async () => (await Promise.all(gateways.map(isReady))).every(Boolean);
  await eventually(areReady, 30_000, 'readiness of all gateways');
  return Date.now() - startedMs;
}
