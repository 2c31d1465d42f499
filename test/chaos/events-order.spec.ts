import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { reportPromise } from '../support/promise-report.js';
import { FACT_TYPES, sesEvent, type SesFact } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { type Gateway, recipients, Stack, type TopicPage } from '../support/stack.js';

const RUNS = ofFullRun(5_000);
const RUNS_PER_SUBMISSION = 250;
const POLL_MS = 5;

/** What is reported of one email: distinct facts, and each report's fact and shape in the order of the posts. */
interface Run {
  facts: SesFact[];
  reports: { fact: SesFact; asFeedback: boolean }[];
}

const fact = fc.record({
  type: fc.constantFrom(...FACT_TYPES),
  second: fc.integer({ min: 1, max: 3 }),
  flag: fc.boolean(),
});

/** Two reasons of one state would leave it to the first one reported which of them is shown. */
const oneReasonPerState = (facts: readonly SesFact[]) =>
  facts.filter(({ type }) => type === 'Reject' || type === 'RenderingFailure').length < 2;

const run: fc.Arbitrary<Run> = fc
  .uniqueArray(fact, { minLength: 1, maxLength: 5, selector: ({ type, second }) => `${type} ${second}` })
  .filter(oneReasonPerState)
  .chain((facts) => {
    const times = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    return fc.tuple(...facts.map(() => times)).chain((shapes) => {
      const reports = facts.flatMap((each, index) => shapes[index].map((asFeedback) => ({ fact: each, asFeedback })));
      return fc
        .shuffledSubarray(reports, { minLength: reports.length })
        .map((shuffled) => ({ facts, reports: shuffled }));
    });
  });

interface EmailRow {
  address: string;
  state: number | null;
  events: number;
  reason: string | null;
  sent_at: Date | null;
}

/** The sender is somebody else's, so that mails rest where the dispatcher leaves them, and events alone move them. */
describe('the events of an email', () => {
  const sns = new SnsTopic();
  let stack: Stack;
  let gateway: Gateway;
  let submissions = 0;

  beforeAll(async () => {
    // Most of these mails bounce: no topic shall pause itself for it.
    const breakerOff = { BREAKER_BOUNCE_PERCENT: '0', BREAKER_COMPLAINT_PERCENT: '0' };
    stack = await Stack.start({ env: { EXTERNAL_SENDER: 'true', LOG_LEVEL: 'warn', ...breakerOff, ...sns.env } });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
    sns.close();
  });

  async function submit(topicId: string, addresses: string[]): Promise<string[]> {
    const body = { messages: [{ topic_id: topicId, emails: addresses, subject: 'x', content: '<p>x</p>' }] };
    const response = await stack.post(gateway, body, { prefer: 'return=representation' });
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  /** Posts so many at a time. */
  async function postAll(bodies: readonly string[], lanes: number): Promise<void> {
    let next = 0;
    const lane = async () => {
      for (let index = next++; index < bodies.length; index = next++) {
        const status = await sns.post(gateway.url, bodies[index]);
        if (status !== 200) throw new Error(`answered ${status}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  async function untilMatched(): Promise<void> {
    const isEmpty = async () => {
      const [{ count }] = await stack.query<{ count: number }>('SELECT count(*)::int AS count FROM unmatched_events');
      return count === 0;
    };
    await eventually(isEmpty, 30_000, 'the matching of all events');
  }

  async function untilDispatched(topicId: string): Promise<void> {
    const isDone = async () => (await stack.topic(gateway, topicId)).states.pending === 0;
    await eventually(isDone, 30_000, `the dispatch of ${topicId}`);
  }

  async function emailsOf(ids: readonly string[]): Promise<EmailRow[]> {
    const rows = await stack.query<EmailRow & { id: string }>(
      `SELECT id, address, state, events, reason, sent_at FROM emails WHERE id = ANY ($1) ORDER BY id`,
      [ids],
    );
    return rows.map(({ address, state, events, reason, sent_at }) => ({ address, state, events, reason, sent_at }));
  }

  async function pageOf(topicId: string): Promise<Omit<TopicPage, 'topic_id'>> {
    return { ...(await stack.topic(gateway, topicId)), topic_id: '' } as TopicPage;
  }

  it(`end the same in any order, however often they come and in whichever shape: ${RUNS} runs`, async () => {
    let isPolling = true;
    const sums: boolean[] = [];
    const topics: string[] = [];
    const polling = (async () => {
      while (isPolling) {
        for (const topicId of topics.slice(-2)) {
          const { states, request } = await stack.topic(gateway, topicId);
          const { total, ...parts } = request;
          const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);
          sums.push(sum(states) === total && sum(parts) === total);
        }
        await sleep(POLL_MS);
      }
    })();

    const property = fc.asyncProperty(
      fc.array(run, { minLength: RUNS_PER_SUBMISSION, maxLength: RUNS_PER_SUBMISSION }),
      fc.integer({ min: 1, max: 64 }),
      fc.boolean(),
      async (runs, lanes, isEarly) => {
        const number = submissions++;
        const [ordered, shuffled] = [`ordered-${number}`, `shuffled-${number}`];
        const addresses = recipients(runs.length, `run-${number}-`);
        const orderedIds = await submit(ordered, addresses);
        await untilDispatched(ordered);
        const inOrder = runs.flatMap(({ facts }, index) =>
          facts.map((each) => sns.notification(sesEvent(orderedIds[index], addresses[index], each))),
        );
        await postAll(inOrder, 16);

        // Where they come early, the mail may still be pending, or in the dispatcher's hands.
        const shuffledIds = await submit(shuffled, addresses);
        topics.push(ordered, shuffled);
        if (!isEarly) await untilDispatched(shuffled);
        const signed = new Map<string, string>();
        const mixed = runs.flatMap(({ reports }, index) =>
          reports.map(({ fact: each, asFeedback }) => {
            const event = sesEvent(shuffledIds[index], addresses[index], each, asFeedback);
            const key = JSON.stringify(event);
            const body = signed.get(key) ?? sns.notification(event);
            signed.set(key, body);
            return body;
          }),
        );
        await postAll(mixed, lanes);
        await untilDispatched(shuffled);
        await untilMatched();

        expect(await emailsOf(shuffledIds)).toEqual(await emailsOf(orderedIds));
        expect(await pageOf(shuffled)).toEqual(await pageOf(ordered));
      },
    );
    try {
      await fc.assert(property, { numRuns: RUNS / RUNS_PER_SUBMISSION, endOnFailure: true });
    } finally {
      isPolling = false;
      await polling;
    }
    expect(sums.length).toBeGreaterThan(100);
    expect(sums.filter((adds) => !adds)).toHaveLength(0);
    console.log(`${RUNS} runs, ${sums.length} reads that add up`);
    reportPromise({
      promise: 'P33',
      under: 'events in any order, one to five times, in either shape',
      promised: 'the same states and counts as in order',
      stream: null,
      provider: null,
      ledger: `${RUNS} runs end the same, ${sums.length} reads add up`,
      recipients: 2 * RUNS,
      kills: 0,
      seed: null,
    });
  }, 600_000);

  it('do nothing when they are repeated within one commit: five reports of a transient bounce are one', async () => {
    const address = 'once@example.com';
    const [id, other] = await submit('repeated', [address, 'other@example.com']);
    await untilDispatched('repeated');
    const bounce = sns.notification(sesEvent(id, address, { type: 'Bounce', second: 1, flag: false }));
    // The others come while the first one is committed, and share the next commit.
    const first = sns.notification(sesEvent(other, 'other@example.com', { type: 'Send', second: 1, flag: false }));
    await postAll([first, ...Array<string>(30).fill(bounce)], 31);
    expect(await stack.query('SELECT count FROM soft_bounces WHERE address = $1', [address])).toEqual([{ count: 1 }]);
    expect(await stack.query('SELECT 1 FROM suppressions WHERE address = $1', [address])).toEqual([]);
  });

  it('do nothing to mail that was put back meanwhile when they are repeated', async () => {
    const address = 'again@example.com';
    const [id] = await submit('put-back', [address]);
    await untilDispatched('put-back');
    const reject = sns.notification(sesEvent(id, address, { type: 'Reject', second: 1, flag: false }));
    await postAll([reject], 1);
    expect((await stack.topic(gateway, 'put-back')).states.failed).toBe(1);
    // As a retry of the topic leaves it.
    await stack.query(`UPDATE emails SET state = NULL, reason = NULL WHERE id = $1`, [id]);
    await stack.query(`UPDATE topic_counters SET failed = 0, dispatched = 1 WHERE topic_id = 'put-back'`);
    await postAll([reject], 1);
    expect((await stack.topic(gateway, 'put-back')).states).toMatchObject({ failed: 0, dispatched: 1 });
    const delivery = sns.notification(sesEvent(id, address, { type: 'Delivery', second: 9, flag: false }));
    await postAll([delivery], 1);
    expect((await stack.topic(gateway, 'put-back')).states).toMatchObject({ dispatched: 0, delivered: 1 });
  });
});
