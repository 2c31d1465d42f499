import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { drive } from '../../bench/load/http-load.js';
import { request, submission } from '../../bench/load/submissions.js';
import { percentile } from '../../bench/statistics.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { Flood, type FloodAnswer } from '../support/flood.js';
import { reportPromise } from '../support/promise-report.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';
import { hardlyAbove, submissionsP99 } from '../support/submission-times.js';

const SECONDS = ofFullRun(10);
/** As many as keep a gateway busy, and what it stores for them is its capacity. */
const BUSY_CONNECTIONS = 128;
const WARM_UP = 1_000;
const TIMES = 3;
/** More than are ever in hand. */
const CONNECTIONS = 3_000;
/** One alone would make every transaction wait for its counter. */
const TOPICS = 50;

interface Kind {
  headersOf: (index: number) => string[];
  /** Less than a goodput of 90 % and 100 ms, since client, gateway and PostgreSQL share two cores. */
  asserted: { goodput: number; refusedMs: number };
  /** Whether all of the load can be offered. */
  isOffered: boolean;
}

const PIXELS_PER_SECOND = 1_000;
const PIXEL_CONNECTIONS = 200;

let stack: Stack;
let gateway: Gateway;

beforeAll(async () => {
  stack = await Stack.start({ env: { EXTERNAL_SENDER: 'true' } });
  gateway = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
});

afterAll(async () => {
  // What was stored a moment ago has no statistics yet, without which the recount reads all emails for each batch.
  await stack.query('ANALYZE');
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

const isTaken = ({ status }: FloodAnswer) => status === 200;

it(`${PIXELS_PER_SECOND} pixels a second hold no submission up`, async () => {
  const dispatching = await stack.gateway();
  onTestFinished(async () => void (await dispatching.stop()));
  const message = { topic_id: 'opened', emails: recipients(1_000, 'opened'), subject: 'x', content: '<p>x</p>' };
  const response = await stack.post(dispatching, { messages: [message] });
  const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
  const [{ email_ids: ids }] = messages;
  await submissionsP99(stack, dispatching);
  const alone = await submissionsP99(stack, dispatching);

  const flood = await Flood.over(dispatching.url, PIXEL_CONNECTIONS);
  onTestFinished(() => flood.close());
  let isOver = false;
  // Of so many clients that all of it is recorded.
  const flooding = flood.send(
    PIXELS_PER_SECOND,
    () => isOver,
    (index) =>
      request('GET', `/v1/events/open?requestId=${ids[index % ids.length]}`, '', [
        `x-forwarded-for: 198.51.100.${index % 250}`,
      ]),
  );
  const beside = await submissionsP99(stack, dispatching);
  isOver = true;
  await flooding;
  const aloneAgain = await submissionsP99(stack, dispatching);
  const seen = `${alone.toFixed(1)} and ${aloneAgain.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${flood.answers.length} pixels`;
  console.log(`submissions, 99th percentile: ${seen}, ${flood.heldBack} held back`);
  expect(flood.answers.filter((answer) => !isTaken(answer))).toEqual([]);
  expect(beside).toBeLessThanOrEqual(hardlyAbove(alone, aloneAgain));
  reportPromise({
    promise: 'P31',
    under: `${PIXELS_PER_SECOND} pixels a second`,
    promised: "at most twice the submissions' 99th percentile",
    stream: null,
    provider: null,
    ledger: seen,
    recipients: 0,
    kills: 0,
    seed: null,
  });
});

it.each<[string, Kind]>([
  [
    'with a commit each',
    {
      headersOf: (index) => [`idempotency-key: key-${index}`],
      asserted: { goodput: 0.7, refusedMs: 200 },
      isOffered: true,
    },
  ],
  // 20,000 requests a second are more than can be read here beside their client: each connection waits its turn.
  ['that share commits', { headersOf: () => [], asserted: { goodput: 0.5, refusedMs: 500 }, isOffered: false }],
])(
  `${TIMES} times what it can store, of submissions %s, is taken at its pace or refused at once`,
  async (name, kind) => {
    const { headersOf, asserted, isOffered } = kind;
    let sent = 0;
    const next = () => {
      sent += 1;
      return submission(1, 1, sent, `topic-${sent % TOPICS}`, headersOf(sent));
    };
    const before = await stack.countOf('pending');
    const warm = await drive([gateway.url], BUSY_CONNECTIONS, WARM_UP, next);
    const count = Math.ceil((SECONDS * WARM_UP) / warm.seconds);
    const capacity = count / (await drive([gateway.url], BUSY_CONNECTIONS, count, next)).seconds;

    const flood = await Flood.over(gateway.url, CONNECTIONS);
    onTestFinished(() => flood.close());
    const endMs = performance.now() + SECONDS * 1_000;
    await flood.send(TIMES * capacity, () => performance.now() >= endMs, next);

    const taken = flood.answers.filter(isTaken);
    const refused = flood.answers.filter((answer) => !isTaken(answer));
    expect(refused.length).toBeGreaterThan(0);
    const goodput = taken.filter(({ atMs }) => atMs <= endMs).length / SECONDS / capacity;
    const refusedMs = percentile(
      refused.map(({ ms }) => ms),
      99,
    );
    const takenMs = percentile(
      taken.map(({ ms }) => ms),
      99,
    );
    const seen =
      `${capacity.toFixed(0)} per second alone; ${(100 * goodput).toFixed(0)} % of them beside ${refused.length} refused, ` +
      `which took ${refusedMs.toFixed(0)} ms, those taken ${takenMs.toFixed(0)} ms (99th percentiles)`;
    console.log(`submissions ${name}: ${seen}; ${flood.heldBack} held back, ${flood.broken} broken off`);
    expect(flood.broken).toBe(0);
    if (isOffered) expect(flood.heldBack).toBeLessThanOrEqual(0.1 * TIMES * capacity * SECONDS);
    expect(refused.filter(({ status, retryAfterSeconds }) => status !== 503 || !retryAfterSeconds)).toEqual([]);
    expect(refusedMs).toBeLessThanOrEqual(asserted.refusedMs);
    expect(goodput).toBeGreaterThanOrEqual(asserted.goodput);
    expect((await stack.countOf('pending')) - before).toBe(WARM_UP + count + taken.length);
    reportPromise({
      promise: 'P31',
      under: `${TIMES} times the submissions that can be stored, ${name}`,
      promised: `503 with Retry-After within ${asserted.refusedMs} ms, goodput ${100 * asserted.goodput} %, the client on the same cores`,
      stream: null,
      provider: null,
      ledger: seen,
      recipients: WARM_UP + count + taken.length,
      kills: 0,
      seed: null,
    });
  },
);
