import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { Stack } from '../support/stack.js';

const KILLS = ofFullRun(15);
const MESSAGES_PER_KILL = 8;
const SIZE = 250;
const TOTAL = (KILLS + 1) * MESSAGES_PER_KILL * SIZE;

it('accepts and loses nothing while nats-server is killed and comes back with its store', async () => {
  const seed = chaosSeed();
  const random = seededRandom(seed);
  const server = await NatsServer.create();
  onTestFinished(() => server.remove());
  await server.start();
  const stack = await Stack.start({ natsUrl: server.url, env: { BATCH_SIZE: '50' } });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  await stack.sender();
  const startedMs = Date.now();

  const accepted: string[] = [];
  const submitSome = async () => {
    const ids = await submit(stack, {
      topicId: `outage-${accepted.length}`,
      messages: MESSAGES_PER_KILL,
      recipientsPerMessage: SIZE,
      gateway: () => gateway,
    });
    accepted.push(...ids);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const accepting = submitSome();
    await sleep(random() * 600);
    await server.kill();
    // Accepting needs PostgreSQL alone.
    await accepting;
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
    await server.start();
  }
  // While it is away for good, mail waits in the ledger.
  await server.kill();
  await submitSome();
  expect(await stack.countOf('pending')).toBeGreaterThanOrEqual(MESSAGES_PER_KILL * SIZE);
  await server.start();
  const restartedMs = Date.now();
  await eventually(async () => (await stack.countOf('pending')) === 0, 60_000, 'the dispatch of all that was pending');
  const dispatchedAfterMs = Date.now() - restartedMs;

  // What the sender had taken before a kill comes again after the consumer's ack wait of 30 s.
  await eventually(() => stack.sink.mails.length >= TOTAL, 120_000, 'the arrival of all mails');
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 10_000, 'the state sent of all mails');
  console.info(
    `${TOTAL} mails, ${KILLS + 1} kills of nats-server (seed ${seed}), ${((Date.now() - startedMs) / 1_000).toFixed(1)} s: ` +
      `nothing pending ${dispatchedAfterMs} ms after the last restart`,
  );
  expect(accepted).toHaveLength(TOTAL);
  expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P4',
    under: 'kill -9 of nats-server, which comes back with its store',
    promised: '0 lost, 0 twice',
    stream: null,
    provider: inWords(compare(stack.sink.mails, accepted)),
    recipients: TOTAL,
    kills: KILLS + 1,
    seed,
  });
});
