import { setTimeout as sleep } from 'node:timers/promises';
import { recipients, type Gateway, type Stack } from '../../test/support/stack.js';
import { contentOf } from '../load/backlog.js';
import { ENDLESS_QUEUE } from '../load/endless-queue.js';
import type { Scenario } from '../scenario.js';
import { median, percentile } from '../statistics.js';

const SINGLES = 250;
/** The system is idle between two of them. */
const BETWEEN_MS = 12;
/** From the first submission to the first schedule: all is stored by then. */
const AHEAD_MS = 1_500;
const SAME_SECOND = 10_000;
const SAME_SECOND_AHEAD_MS = 4_000;
const MESSAGES_PER_REQUEST = 100;
const POLL_MS = 50;

/** Single emails of one topic; each says when it is due, or is due now. */
async function submit(stack: Stack, gateway: Gateway, topicId: string, dueMs: readonly (number | null)[]) {
  const response = await stack.post(gateway, {
    messages: dueMs.map((ms, index) => ({
      topic_id: topicId,
      subject: 'Benchmark',
      content: contentOf(200),
      emails: recipients(1, `${topicId}-${index}-`),
      ...(ms !== null && { scheduled_at: new Date(ms).toISOString() }),
    })),
  });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/**
 * Milliseconds from when each email of a topic was due to the settle, which begins when JetStream has acknowledged it; both
 * by the database's clock.
 */
async function lateMs(stack: Stack, topicId: string): Promise<number[]> {
  for (;;) {
    const [{ waits }] = await stack.query<{ waits: boolean }>(
      'SELECT EXISTS (SELECT FROM batches WHERE topic_id = $1 AND state = 0) AS waits',
      [topicId],
    );
    if (!waits) break;
    await sleep(POLL_MS);
  }
  const rows = await stack.query<{ ms: number }>(
    `SELECT 1000 * extract(epoch FROM b.dispatched_at - coalesce(m.scheduled_at, b.accepted_at))::float8 AS ms
     FROM batches b JOIN messages m ON m.id = b.message_id WHERE b.topic_id = $1`,
    [topicId],
  );
  return rows.map(({ ms }) => ms);
}

const figures = (values: readonly number[]) => ({ p50_ms: median(values), p99_ms: percentile(values, 99) });

export const lateness: Scenario = {
  name: 'lateness',
  about:
    'One gateway. 250 single emails, one after the other on an idle system, due at once or scheduled 12 ms apart: from due to acknowledged by JetStream. ' +
    '10,000 single emails scheduled for the same second: from then until the last is acknowledged.',
  async prepare(workbench) {
    const stack = await workbench.stack({ env: { ...ENDLESS_QUEUE, EXTERNAL_SENDER: 'true' } });
    const gateway = await stack.gateway();
    const singles = workbench.count(SINGLES, 10);
    let round = 0;
    const inRequests = async (topicId: string, dueMs: readonly number[]) => {
      for (let from = 0; from < dueMs.length; from += MESSAGES_PER_REQUEST) {
        await submit(stack, gateway, topicId, dueMs.slice(from, from + MESSAGES_PER_REQUEST));
      }
    };
    return {
      variants: {
        now: async () => {
          const topicId = `now-${round++}`;
          for (let index = 0; index < singles; index++) {
            await submit(stack, gateway, topicId, [null]);
            await sleep(BETWEEN_MS);
          }
          return figures(await lateMs(stack, topicId));
        },
        scheduled: async () => {
          const topicId = `scheduled-${round++}`;
          const firstMs = Date.now() + AHEAD_MS;
          const dueMs = Array.from({ length: singles }, (_, index) => firstMs + index * BETWEEN_MS);
          await inRequests(topicId, dueMs);
          return figures(await lateMs(stack, topicId));
        },
        same_second: async () => {
          const topicId = `same-${round++}`;
          const count = workbench.count(SAME_SECOND, 100);
          const ms = Math.ceil((Date.now() + SAME_SECOND_AHEAD_MS) / 1000) * 1000;
          await inRequests(topicId, new Array<number>(count).fill(ms));
          if (Date.now() > ms) throw new Error('not all of them were stored before they were due');
          return { last_s: Math.max(...(await lateMs(stack, topicId))) / 1000 };
        },
      },
      rows: [
        { id: 'D6', of: ({ now }) => now.p99_ms },
        { id: 'D6-scheduled', of: ({ scheduled }) => scheduled.p99_ms },
        { id: 'D7', of: ({ same_second }) => same_second.last_s },
      ],
      close: () => workbench.close(stack),
    };
  },
};
