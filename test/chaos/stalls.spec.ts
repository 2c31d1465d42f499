import { describe, expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { eventually } from '../support/eventually.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { isSlowNow, type SlowStatement, slowDown, speedUp } from '../support/slow-statements.js';
import { Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

const TOTAL = 1_000;
const LEASE_MS = 30_000;
const TOPIC = 'stall';
/** Publishing it a thousand times takes long enough to stop in between. */
const LONG_CONTENT = `<p>${'x'.repeat(60_000)}</p>`;

describe('a gateway that stands still for longer than its lease', () => {
  interface Moment {
    moment: string;
    /** Kept open for so long that the signal finds it. */
    slow: SlowStatement;
    isReached: (stack: Stack, observer: StreamObserver) => boolean | Promise<boolean>;
    publishes: [least: number, most: number];
  }
  const moments: Moment[] = [
    {
      moment: 'before it publishes',
      slow: 'claim',
      isReached: (stack) => isSlowNow(stack),
      // Late, it finds that nothing of its batch is left to publish.
      publishes: [TOTAL, TOTAL],
    },
    {
      moment: 'while it publishes',
      slow: 'settle',
      isReached: (_stack, observer) => observer.publishes.size > 0,
      // Late, it publishes the rest, unless it takes those under way for failed.
      publishes: [TOTAL + 1, 2 * TOTAL],
    },
  ];
  // Together: all wait for the end of a real lease.
  it.concurrent.for(moments)(
    '$moment is replaced, and what it does late changes nothing',
    async ({ moment, slow, isReached, publishes: [least, most] }, { onTestFinished }) => {
      const stack = await Stack.start();
      onTestFinished(() => stack.stop());
      const { stalled, observer, accepted } = await stall(stack, slow, isReached);
      const stalledAtMs = Date.now();
      const publishedBefore = observer.published;

      // It finds nothing to claim until the lease ends, and needs no nudge to know when that is.
      const other = await stack.gateway();
      await stack.sender();
      await stack.sink.waitFor(() => true, LEASE_MS + 10_000);
      const takenOverMs = Date.now() - stalledAtMs;
      await eventually(() => stack.sink.mails.length >= TOTAL, 20_000, 'the arrival of all mails');
      const sent = async () => (await stack.topic(other, TOPIC)).states.sent === TOTAL;
      await eventually(sent, 10_000, 'the state sent of all mails');
      const [before] = await stack.query('SELECT * FROM batches');
      expect(before.epoch).toBe(2);

      stalled.signal('SIGCONT');
      await eventually(
        () => stalled.output.includes('was taken over before it was settled'),
        20_000,
        'the late settle',
      );
      console.info(
        `stalled ${moment}: taken over after ${takenOverMs} ms, ` +
          `${observer.published} publishes of which ${publishedBefore} before, ${await observer.stored()} stored`,
      );
      expect(takenOverMs).toBeGreaterThan(LEASE_MS - 5_000);
      expect(await stack.query('SELECT * FROM batches')).toEqual([before]);
      expect(observer.published).toBeGreaterThanOrEqual(least);
      expect(observer.published).toBeLessThanOrEqual(most);
      expect(await observer.stored()).toBe(TOTAL);
      expect((await stack.topic(other, TOPIC)).states.sent).toBe(TOTAL);
      expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
      expect(await stack.recount()).toBe('');
      reportPromise({
        promise: 'P13',
        under: `SIGSTOP of a dispatcher ${moment}, until its lease is over`,
        promised: '0 lost, 0 twice, its late writes change nothing',
        stream: `${observer.published} publishes, ${await observer.stored()} stored`,
        provider: inWords(compare(stack.sink.mails, accepted)),
        recipients: TOTAL,
        kills: 0,
        seed: null,
      });
    },
  );

  it.concurrent('while it settles has settled: its COMMIT was on the way already', async ({ onTestFinished }) => {
    const stack = await Stack.start();
    onTestFinished(() => stack.stop());
    const { stalled, observer, accepted } = await stall(stack, 'settle', (stack) => isSlowNow(stack));
    const stalledAtMs = Date.now();
    const other = await stack.gateway();
    await stack.sender();
    const sent = async () => (await stack.topic(other, TOPIC)).states.sent === TOTAL;
    await eventually(sent, LEASE_MS - 5_000, 'the state sent of all mails, before the lease ends');

    const left = stalledAtMs + LEASE_MS + 2_000 - Date.now();
    await new Promise((resolve) => setTimeout(resolve, left));
    stalled.signal('SIGCONT');
    await stalled.answers(`${stalled.url}/health/ready`);
    expect(await stack.query('SELECT epoch, state FROM batches')).toEqual([{ epoch: 1, state: 1 }]);
    expect(observer.published).toBe(TOTAL);
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
    expect(await stack.recount()).toBe('');
  });
});

/** Stops the only gateway at a moment of its dispatch. */
async function stall(
  stack: Stack,
  slow: SlowStatement,
  isReached: (stack: Stack, observer: StreamObserver) => boolean | Promise<boolean>,
) {
  const stalled = await stack.gateway();
  const observer = await new StreamObserver(stack.nats, stack.name).ready();
  await slowDown(stack, slow, 2);
  const accepted = await submit(stack, {
    topicId: TOPIC,
    messages: 1,
    recipientsPerMessage: TOTAL,
    content: LONG_CONTENT,
    gateway: () => stalled,
  });
  await eventually(() => isReached(stack, observer), 10_000, 'the moment to stall');
  stalled.signal('SIGSTOP');
  await speedUp(stack, slow);
  return { stalled, observer, accepted };
}
