import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { provideFaketime } from '../../scripts/engines/faketime.mjs';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { eventually } from '../support/eventually.js';
import { HOUR_SECONDS, ProcessClock, secondsAhead } from '../support/process-clock.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { slowDown } from '../support/slow-statements.js';
import { Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

/** At once, and as many at a time. */
const MESSAGES = ofFullRun(50);
const SIZE = 100;
const TOTAL = 2 * MESSAGES * SIZE;
const DUE_IN_MS = 6_000;
const STEP_EVERY_MS = 200;
/** So long is each settle's batch leased, for others to look at. */
const SETTLE_SECONDS = 0.3;
const RENEWED_WITHIN_MS = 15_000;
const NO_LIBRARY = 'takes libfaketime, which is not there and cannot be fetched';

let library: string | null;

beforeAll(async () => {
  library = await provideFaketime();
});

describe.concurrent('a wrong wall clock', () => {
  it('by an hour either way, or set again and again, sends nothing early and takes nothing from others', async ({
    skip,
    onTestFinished,
  }) => {
    if (library === null) return skip(NO_LIBRARY);
    const seed = chaosSeed();
    const random = seededRandom(seed);
    const ahead = new ProcessClock(library, HOUR_SECONDS);
    const behind = new ProcessClock(library, -HOUR_SECONDS);
    const stepping = new ProcessClock(library, 0);
    const clocks = [ahead, behind, stepping];
    onTestFinished(() => clocks.forEach((clock) => clock.remove()));
    const stack = await Stack.start({ env: { BATCH_SIZE: '50', SENDER_CONCURRENCY: '16' } });
    onTestFinished(() => stack.stop());
    const gateways = await Promise.all(clocks.map(({ env }) => stack.gateway(env)));
    const senders = await Promise.all(clocks.map(({ env }) => stack.sender(env)));
    // Else nothing would be shown.
    expect(gateways.slice(0, 2).map((gateway) => Math.round(secondsAhead(gateway) / HOUR_SECONDS))).toEqual([1, -1]);
    const steps = setInterval(() => stepping.set(HOUR_SECONDS * (Math.floor(3 * random()) - 1)), STEP_EVERY_MS);
    onTestFinished(() => clearInterval(steps));
    const observer = await new StreamObserver(stack.nats, stack.name).ready();
    await slowDown(stack, 'settle', SETTLE_SECONDS);

    const scheduledAt = new Date(Date.now() + DUE_IN_MS);
    const gateway = () => gateways[Math.floor(random() * gateways.length)];
    const many = { messages: MESSAGES, recipientsPerMessage: SIZE, gateway };
    const scheduled = await submit(stack, { ...many, topicId: 'scheduled', scheduledAt });
    const atOnce = await submit(stack, { ...many, topicId: 'at-once' });
    const isSent = async () => (await stack.countOf('sent')) === TOTAL;
    await eventually(isSent, 120_000, 'the state sent of all mails');

    const { mails } = stack.sink;
    const delivered = compare(mails, [...scheduled, ...atOnce]);
    const lateness = mails
      .filter(({ to }) => to[0].startsWith('scheduled'))
      .map(({ receivedAt }) => receivedAt.getTime() - scheduledAt.getTime());
    console.info(
      `${TOTAL} mails on wrong clocks (seed ${seed}): ${inWords(delivered)}; the scheduled ones ` +
        `${Math.min(...lateness)} to ${Math.max(...lateness)} ms after their time`,
    );
    expect(delivered).toEqual(eachOnce(TOTAL));
    expect(lateness).toHaveLength(scheduled.length);
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
    // Whoever takes a batch raises its epoch, and publishes it again.
    const [{ epoch }] = await stack.query<{ epoch: number }>('SELECT max(epoch) AS epoch FROM batches');
    expect(epoch).toBe(1);
    // A mail that a sender could not hand over comes once more, as the next generation.
    const [{ again }] = await stack.query<{ again: number }>(
      'SELECT coalesce(sum(size), 0)::int AS again FROM batches WHERE generation > 0',
    );
    expect(observer.published).toBe(TOTAL + again);
    for (const { output } of [...gateways, ...senders]) {
      expect(output).not.toMatch(/was taken over|of a sender that died/);
    }
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P14',
      under: 'clocks an hour ahead, an hour behind, and set by an hour five times a second',
      promised: '0 early, 0 leases taken, 0 lost, 0 twice',
      stream: `${observer.published} publishes, ${await observer.stored()} stored`,
      provider: inWords(delivered),
      recipients: TOTAL,
      kills: 0,
      seed,
    });
  });

  it('that is set back again and again, and then ahead, takes no mail out of a hand', async ({
    skip,
    onTestFinished,
  }) => {
    if (library === null) return skip(NO_LIBRARY);
    const clock = new ProcessClock(library, 0);
    onTestFinished(() => clock.remove());
    let take!: () => void;
    const taken = new Promise<void>((resolve) => (take = resolve));
    let isHeld = false;
    const keep = () => {
      isHeld = true;
      return taken;
    };
    const stack = await Stack.start({ sink: { keep } });
    onTestFinished(() => stack.stop());
    onTestFinished(() => take());
    const [gateway, sender] = await Promise.all([stack.gateway(), stack.sender(clock.env)]);
    const accepted = await submit(stack, {
      topicId: 'held',
      messages: 1,
      recipientsPerMessage: 1,
      gateway: () => gateway,
    });
    await eventually(() => isHeld, 10_000, 'a mail that the provider takes its time for');
    const leaseEnd = async () => {
      const [{ lease_until }] = await stack.query<{ lease_until: Date }>(
        `SELECT lease_until FROM sender_claims WHERE ids <> '{}'`,
      );
      return lease_until.getTime();
    };
    const firstEnd = await leaseEnd();
    let hours = 0;
    const isRenewed = async () => {
      clock.set(-HOUR_SECONDS * ++hours);
      await sleep(STEP_EVERY_MS);
      return (await leaseEnd()) > firstEnd;
    };
    await eventually(isRenewed, RENEWED_WITHIN_MS, 'the renewal of the claim');

    sender.signal('SIGTERM');
    for (let hours = 1; hours <= 5; hours++) {
      clock.set(HOUR_SECONDS * hours);
      await sleep(STEP_EVERY_MS);
    }
    expect(sender.isRunning).toBe(true);
    take();
    expect((await sender.exited).code).toBe(0);
    expect(await stack.countOf('sent')).toBe(1);
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(1));
    expect(await stack.recount()).toBe('');
  });
});
