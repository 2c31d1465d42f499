import { describe, expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { eventually } from '../support/eventually.js';
import { isSlowNow, type SlowStatement, slowDown, speedUp } from '../support/slow-statements.js';
import { Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

const TOTAL = 1_000;
const LEASE_MS = 30_000;

describe('a gateway that stands still for longer than its lease', () => {
  interface Moment {
    moment: string;
    /** Kept open for so long that the signal finds it. */
    slow: SlowStatement;
    isReached: (stack: Stack, observer: StreamObserver) => boolean | Promise<boolean>;
    publishes: [least: number, most: number];
    /** How it learns that it is too late. */
    word: string;
  }
  const takenOver = 'was taken over before it was settled';
  const moments: Moment[] = [
    {
      moment: 'before it publishes',
      slow: 'claim',
      isReached: (stack) => isSlowNow(stack),
      // Late, it finds that nothing of its batch is left to publish.
      publishes: [TOTAL, TOTAL],
      word: takenOver,
    },
    {
      moment: 'while it publishes',
      slow: 'settle',
      isReached: (_stack, observer) => observer.publishes.size > 0,
      // Late, it publishes the rest, unless it takes those under way for failed.
      publishes: [TOTAL + 1, 2 * TOTAL],
      word: takenOver,
    },
    {
      moment: 'while it settles',
      slow: 'settle',
      isReached: (stack) => isSlowNow(stack),
      publishes: [2 * TOTAL, 2 * TOTAL],
      // PostgreSQL does not let it hold a transaction open for that long.
      word: 'dispatch failed',
    },
  ];
  // Together: all wait for the end of a real lease.
  it.concurrent.for(moments)(
    '$moment is replaced, and what it does late changes nothing',
    async ({ moment, slow, isReached, publishes: [least, most], word }, { onTestFinished }) => {
      const stack = await Stack.start();
      onTestFinished(() => stack.stop());
      const stalled = await stack.gateway();
      const observer = await new StreamObserver(stack.nats, stack.name).ready();
      await slowDown(stack, slow, 2);
      const topicId = 'stall';
      const accepted = await submit(stack, {
        topicId,
        messages: 1,
        recipientsPerMessage: TOTAL,
        gateway: () => stalled,
      });
      await eventually(() => isReached(stack, observer), 10_000, `the moment ${moment}`);
      stalled.signal('SIGSTOP');
      const stalledAtMs = Date.now();
      const publishedBefore = observer.published;
      await speedUp(stack, slow);

      // It finds nothing to claim until the lease ends, and needs no nudge to know when that is.
      const other = await stack.gateway();
      await stack.sender();
      await stack.sink.waitFor(() => true, LEASE_MS + 10_000);
      const takenOverMs = Date.now() - stalledAtMs;
      await eventually(() => stack.sink.mails.length >= TOTAL, 20_000, 'the arrival of all mails');
      const sent = async () => (await stack.topic(other, topicId)).states.sent === TOTAL;
      await eventually(sent, 10_000, 'the state sent of all mails');
      const [before] = await stack.query('SELECT * FROM batches');
      expect(before.epoch).toBe(2);

      stalled.signal('SIGCONT');
      await eventually(() => stalled.output.includes(word), 20_000, 'the late settle');
      console.info(
        `stalled ${moment}: taken over after ${takenOverMs} ms, ` +
          `${observer.published} publishes of which ${publishedBefore} before, ${await observer.stored()} stored`,
      );
      expect(takenOverMs).toBeGreaterThan(LEASE_MS - 5_000);
      expect(await stack.query('SELECT * FROM batches')).toEqual([before]);
      expect(observer.published).toBeGreaterThanOrEqual(least);
      expect(observer.published).toBeLessThanOrEqual(most);
      expect(await observer.stored()).toBe(TOTAL);
      expect((await stack.topic(other, topicId)).states.sent).toBe(TOTAL);
      expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
      expect(await stack.recount()).toBe('');
    },
  );
});
