import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it, expect, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { endDispatchLeases } from '../support/leases.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { isSlowNow, type SlowStatement, slowDown, speedUp } from '../support/slow-statements.js';
import { type Gateway, Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

async function states(stack: Stack, gateway: Gateway, topicId: string): Promise<Record<string, number>> {
  const page = await stack.topic(gateway, topicId);
  return Object.fromEntries(Object.entries(page.states).filter(([, count]) => count > 0));
}

/** Resolves when all mails of a topic are in states in which nothing further happens. */
async function settled(stack: Stack, gateway: Gateway, topicId: string, timeoutMs: number) {
  let last: Record<string, number> = {};
  const what = () => `the end of the run (${JSON.stringify(last)})`;
  const isDone = async () => {
    last = await states(stack, gateway, topicId);
    return !['pending', 'dispatched', 'sending'].some((state) => last[state] > 0);
  };
  await eventually(isDone, timeoutMs, 'the end of the run').catch(() => Promise.reject(new Error(what())));
  return last;
}

describe('kill -9 of a gateway', () => {
  it('at random moments of a run, loses nothing and sends nothing twice', async () => {
    const KILLS = ofFullRun(30);
    const MESSAGES_PER_KILL = 10;
    const SIZE = 200;
    const MESSAGES = KILLS * MESSAGES_PER_KILL;
    const TOTAL = MESSAGES * SIZE;
    const seed = chaosSeed();
    const random = seededRandom(seed);
    // Small batches: more loads, so that more kills fall between two steps of one.
    const stack = await Stack.start({ env: { BATCH_SIZE: '50' } });
    onTestFinished(() => stack.stop());
    const gateways = [await stack.gateway(), await stack.gateway()];
    await stack.sender();
    const observer = await new StreamObserver(stack.nats, stack.name).ready();
    const startedMs = Date.now();

    const accepted: string[] = [];
    let takenOver = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const accepting = submit(stack, {
        topicId: `gateways-die-${kill}`,
        messages: MESSAGES_PER_KILL,
        recipientsPerMessage: SIZE,
        gateway: () => gateways[Math.floor(random() * gateways.length)],
      });
      await sleep(random() * 400);
      const victim = Math.floor(random() * gateways.length);
      const dead = gateways[victim];
      await dead.kill();
      takenOver += await endDispatchLeases(stack, dead);
      gateways[victim] = await stack.gateway();
      accepted.push(...(await accepting));
    }
    for (let kill = 0; kill < KILLS; kill++) {
      const last = await settled(stack, gateways[0], `gateways-die-${kill}`, 60_000);
      expect(last).toEqual({ sent: MESSAGES_PER_KILL * SIZE });
    }
    console.info(
      `${TOTAL} mails, ${KILLS} kills of a gateway (seed ${seed}), ${((Date.now() - startedMs) / 1_000).toFixed(1)} s: ` +
        `${takenOver} batches taken over, ${observer.published} publishes, ${await observer.stored()} stored`,
    );
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
    // A batch that was taken over is published again; the stream knows the ids.
    expect(await observer.stored()).toBe(TOTAL);
    // What had no answer was repeated with its key: no submission is stored twice or by half.
    const [stored] = await stack.query(
      `SELECT count(*)::int AS messages, sum(count)::int AS emails, (SELECT count(*)::int FROM emails) AS rows FROM messages`,
    );
    expect(stored).toEqual({ messages: MESSAGES, emails: TOTAL, rows: TOTAL });
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P2',
      under: 'kill -9 of one of two gateways',
      promised: '0 lost, 0 twice',
      stream: `${observer.published} publishes, ${await observer.stored()} stored`,
      provider: inWords(compare(stack.sink.mails, accepted)),
      recipients: TOTAL,
      kills: KILLS,
      seed,
    });
  }, 600_000);

  const steps: { step: string; statement: SlowStatement; publishedBefore: boolean }[] = [
    { step: 'claim and publish', statement: 'claim', publishedBefore: false },
    { step: 'publish and settle', statement: 'settle', publishedBefore: true },
  ];
  it.each(steps)(
    'between $step: another one sends the mails, each once',
    async ({ step, statement, publishedBefore }) => {
      const TOTAL = 1_000;
      const stack = await Stack.start();
      onTestFinished(() => stack.stop());
      const first = await stack.gateway();
      const observer = await new StreamObserver(stack.nats, stack.name).ready();
      await slowDown(stack, statement, 1.5);
      const accepted = await submit(stack, {
        topicId: 'step',
        messages: 1,
        recipientsPerMessage: TOTAL,
        gateway: () => first,
      });
      await eventually(() => isSlowNow(stack), 10_000, `the slow ${statement}`);
      await first.kill();
      expect(observer.published).toBe(publishedBefore ? TOTAL : 0);
      // Waits for the statement: a claim commits by itself, and a settle's transaction ends with its connection.
      await speedUp(stack, statement);
      const [batch] = await stack.query('SELECT state, epoch, lease_owner IS NOT NULL AS is_leased FROM batches');
      expect(batch).toEqual({ state: 0, epoch: 1, is_leased: true });
      expect(await endDispatchLeases(stack, first)).toBe(1);

      const second = await stack.gateway();
      await stack.sender();
      expect(await settled(stack, second, 'step', 30_000)).toEqual({ sent: TOTAL });
      expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
      expect(observer.published).toBe(publishedBefore ? 2 * TOTAL : TOTAL);
      expect(await observer.stored()).toBe(TOTAL);
      expect(await stack.recount()).toBe('');
      reportPromise({
        promise: 'P2',
        under: `kill -9 of a gateway between ${step}`,
        promised: '0 lost, 0 twice',
        stream: `${observer.published} publishes, ${await observer.stored()} stored`,
        provider: inWords(compare(stack.sink.mails, accepted)),
        recipients: TOTAL,
        kills: 1,
        seed: null,
      });
    },
  );
});
