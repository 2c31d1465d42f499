import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { eventually } from '../support/eventually.js';
import { NatsCluster } from '../support/nats-cluster.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { Stack } from '../support/stack.js';

const KILLS = ofFullRun(10);
const MESSAGES_PER_KILL = 5;
const SIZE = 200;
const TOTAL = KILLS * MESSAGES_PER_KILL * SIZE;

it('loses nothing and repeats nothing while the leader of three nats-servers is killed in turn', async () => {
  const seed = chaosSeed();
  const random = seededRandom(seed);
  const cluster = await NatsCluster.create();
  onTestFinished(() => cluster.remove());
  await cluster.start();
  const stack = await Stack.start({ natsUrl: cluster.url, env: { NATS_REPLICAS: '3', BATCH_SIZE: '50' } });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  await stack.sender();

  const accepted: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const accepting = submit(stack, {
      topicId: `leader-dies-${kill}`,
      messages: MESSAGES_PER_KILL,
      recipientsPerMessage: SIZE,
      gateway: () => gateway,
    });
    await sleep(random() * 600);
    const leader = await cluster.leaderOf(stack.nats, stack.name);
    await cluster.kill(leader);
    accepted.push(...(await accepting));
    // Another leads before this one is back.
    await eventually(async () => (await cluster.leaderOf(stack.nats, stack.name)) !== leader, 60_000, 'another leader');
    cluster.startNode(leader);
    await sleep(2_000);
  }
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 120_000, 'the state sent of all mails');
  const delivered = compare(stack.sink.mails, accepted);
  console.info(`${TOTAL} mails, ${KILLS} kills of the leading nats-server (seed ${seed}): ${inWords(delivered)}`);
  expect(delivered).toEqual(eachOnce(TOTAL));
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P7',
    under: 'kill -9 of the leader of three nats-servers',
    promised: '0 lost, 0 twice',
    stream: null,
    provider: inWords(delivered),
    recipients: TOTAL,
    kills: KILLS,
    seed,
  });
}, 600_000);
