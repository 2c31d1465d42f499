import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { CRASH_POINTS, type CrashPoint } from '../../src/runtime/crash-point.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import type { Child } from '../support/child.js';
import { crashAt, diedAt } from '../support/crash-point.js';
import { eventually } from '../support/eventually.js';
import { endAckWaits, endDispatchLeases, endSendClaims } from '../support/leases.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

/** A client without an Idempotency-Key; what is stored of what it never hears of. */
const UNANSWERED: {
  point: CrashPoint;
  of: string;
  submissions: number;
  messages: number;
  size: number;
  left: number;
}[] = [
  { point: 'ingest.store', of: 'a shared commit', submissions: 8, messages: 1, size: 1, left: 0 },
  { point: 'ingest.store', of: 'a commit of several statements', submissions: 1, messages: 11, size: 1_000, left: 0 },
  { point: 'ingest.commit', of: 'a submission', submissions: 1, messages: 2, size: 100, left: 200 },
];

interface DispatcherStep {
  point: CrashPoint;
  count: number;
  /** Whether it dies with leases; null: perhaps with those of other loads. */
  isLeased: boolean | null;
  /** Publishes of the dead process, at least; 0: none. */
  published: number;
  env?: Record<string, string>;
}

const BATCH = 50;
const DISPATCHER: DispatcherStep[] = [
  { point: 'dispatcher.look', count: 1, isLeased: false, published: 0 },
  { point: 'dispatcher.claim', count: 1, isLeased: true, published: 0 },
  // Room for two batches and a part.
  { point: 'dispatcher.split', count: 1, isLeased: true, published: 0, env: { QUEUE_HIGH_WATER: '130' } },
  { point: 'dispatcher.load', count: 1, isLeased: true, published: 0 },
  { point: 'dispatcher.publish', count: 30, isLeased: true, published: 30 },
  { point: 'dispatcher.ack', count: 2, isLeased: true, published: 2 * BATCH },
  { point: 'dispatcher.mark', count: 2, isLeased: true, published: 2 * BATCH },
  { point: 'dispatcher.settle', count: 2, isLeased: null, published: 2 * BATCH },
];

interface SenderStep {
  point: CrashPoint;
  count: number;
  /** What is claimed and has no outcome; `taken`: the provider has some of it. Null: perhaps that of other groups. */
  inHand: 'nothing' | 'unsent' | 'taken' | null;
}

const CONCURRENCY = 16;
const SENDER: SenderStep[] = [
  { point: 'sender.keep', count: 1, inHand: null },
  { point: 'sender.token', count: 1, inHand: 'nothing' },
  { point: 'sender.judge', count: 1, inHand: 'nothing' },
  { point: 'sender.claim', count: 1, inHand: 'unsent' },
  { point: 'sender.send', count: 20, inHand: 'taken' },
  { point: 'sender.outcome', count: 1, inHand: 'taken' },
  { point: 'sender.record', count: 3, inHand: null },
  { point: 'sender.ack', count: 3, inHand: null },
];
/** Keeps mails in flight, so that more than one is in hand. */
const ANSWER_MS = 20;
/** A sender sweeps once it has lived for 20 to 30 s. */
const RECOVERED_WITHIN_MS = 120_000;

const RUNS = [
  { policy: 'confirm', steps: SENDER, promised: '0 lost, 0 twice' },
  {
    policy: 'resend',
    steps: SENDER.filter(({ inHand }) => inHand === 'unsent' || inHand === 'taken'),
    promised: `0 lost, at most ${CONCURRENCY} per kill twice`,
  },
];

it('the crash points here are those of the code', () => {
  const tested = [...UNANSWERED, ...DISPATCHER, ...SENDER].map(({ point }) => point);
  expect(new Set([...tested, 'sender.sweep'])).toEqual(new Set(CRASH_POINTS));
});

describe.concurrent('a gateway that accepts', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ env: { SCHEDULER_ENABLED: 'false' } });
  });

  afterAll(() => stack.stop());

  const stored = async () => (await stack.query<{ id: string }>('SELECT id FROM emails')).map(({ id }) => id);

  it.sequential.each(UNANSWERED)(
    'dies at $point of $of: nobody was answered, and all or nothing is stored',
    async ({ point, submissions, messages, size, left }) => {
      const gateway = await stack.gateway(crashAt(point));
      const before = (await stored()).length;
      const posts = Array.from({ length: submissions }, (_s, submission) => {
        const bodies = Array.from({ length: messages }, (_m, message) => {
          const emails = recipients(size, `${point}-${submission}-${message}-`);
          return { topic_id: 'unanswered', subject: 'Hello', content: '<p>Hello</p>', emails };
        });
        return stack.post(gateway, { messages: bodies });
      });
      const answers = Promise.allSettled(posts);
      await diedAt(gateway, point);
      expect((await answers).map(({ status }) => status)).toEqual(posts.map(() => 'rejected'));
      expect((await stored()).length - before).toBe(left);
    },
  );

  it.sequential('dies at both, and is asked again with the Idempotency-Key: all is stored and sent once', async () => {
    const before = (await stored()).length;
    let gateway = await stack.gateway(crashAt('ingest.store', 3));
    const accepting = submit(stack, {
      topicId: 'repeated',
      messages: 12,
      recipientsPerMessage: BATCH,
      gateway: () => gateway,
    });
    await diedAt(gateway, 'ingest.store');
    gateway = await stack.gateway(crashAt('ingest.commit', 3));
    await diedAt(gateway, 'ingest.commit');
    gateway = await stack.gateway({ SCHEDULER_ENABLED: 'true' });
    const accepted = await accepting;
    const all = await stored();
    expect(all).toHaveLength(before + accepted.length);
    expect(new Set(all)).toEqual(new Set([...all, ...accepted]));
    await stack.sender();
    await eventually(async () => (await stack.countOf('sent')) === all.length, 60_000, 'the state sent of all mails');
    expect(compare(stack.sink.mails, all)).toEqual(eachOnce(all.length));
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P1',
      under: 'a gateway that dies before and after the COMMIT of a submission',
      promised: '0 acknowledged lost, 0 stored by half, 0 twice',
      stream: null,
      provider: inWords(compare(stack.sink.mails, all)),
      recipients: all.length,
      kills: UNANSWERED.length + 2,
      seed: null,
    });
  });
});

describe.concurrent('a gateway that dispatches', () => {
  let stack: Stack;
  /** Accepts, and dispatches nothing. */
  let front: Gateway;
  let observer: StreamObserver;
  const accepted: string[] = [];

  beforeAll(async () => {
    stack = await Stack.start({ env: { BATCH_SIZE: String(BATCH) } });
    front = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    await stack.sender();
    observer = await new StreamObserver(stack.nats, stack.name).ready();
  });

  afterAll(() => stack.stop());

  it.sequential.each(DISPATCHER)('dies at $point', async ({ point, count, isLeased, published, env }) => {
    const messages = { topicId: 'crash', messages: 4, recipientsPerMessage: 2 * BATCH, prefix: point };
    accepted.push(...(await submit(stack, { ...messages, gateway: () => front })));
    await observer.ready();
    const before = observer.published;
    const dispatcher = await stack.spawnGateway({ ...env, ...crashAt(point, count) });
    await diedAt(dispatcher, point);
    const ended = await endDispatchLeases(stack, dispatcher);
    if (isLeased !== null) expect(ended > 0).toBe(isLeased);
    await observer.ready();
    if (published === 0) expect(observer.published).toBe(before);
    else expect(observer.published).toBeGreaterThanOrEqual(before + published);
  });

  it.sequential('that lives finds all of it: each mail is sent once', async () => {
    await stack.gateway();
    const total = accepted.length;
    await eventually(async () => (await stack.countOf('sent')) === total, 60_000, 'the state sent of all mails');
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(total));
    // What was published again the stream knows by its ids.
    expect(observer.published).toBeGreaterThan(total);
    expect(await observer.stored()).toBe(total);
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P2',
      under: 'a dispatcher that dies at each of its steps',
      promised: '0 lost, 0 twice',
      stream: `${observer.published} publishes, ${await observer.stored()} stored`,
      provider: inWords(compare(stack.sink.mails, accepted)),
      recipients: total,
      kills: DISPATCHER.length,
      seed: null,
    });
  });
});

describe.concurrent.each(RUNS)('a sender, with $policy,', ({ policy, steps, promised }) => {
  const simulator = new Simulator({ slowMs: ANSWER_MS });
  let stack: Stack;
  let gateway: Gateway;
  let sweeper: Child;
  const accepted: string[] = [];
  const inDoubt = new Set<string>();
  const taken = () => simulator.accepted.page(0, simulator.accepted.length).map(({ requestId }) => requestId ?? '');
  const idle = () => `${stack.name}_idle`;
  /** A COMMIT that a dead sender had sent is carried out all the same. */
  const underWay = () =>
    stack.query(`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'messages-sender' AND state <> 'idle'`);

  beforeAll(async () => {
    const { httpPort } = await simulator.listen();
    const env = { AMBIGUOUS_SENDS: policy, SENDER_CONCURRENCY: String(CONCURRENCY), ...simulatedSes(httpPort) };
    // The nudge of a sweep is lost with the sweeper.
    stack = await Stack.start({ env: { SCHEDULER_INTERVAL: '5', ...env } });
    gateway = await stack.gateway();
    // At a stream of its own it takes no mail, and sweeps once it has lived for 20 s.
    const elsewhere = { NATS_STREAM: idle(), NATS_SUBJECT: `${idle()}.email` };
    const dies = policy === 'resend' ? crashAt('sender.sweep') : {};
    sweeper = stack.spawnSender({ ...elsewhere, ...dies });
  });

  afterAll(async () => {
    const manager = await stack.nats.jetstreamManager();
    await manager.streams.delete(idle()).catch(() => false);
    await stack.stop();
    await simulator.close();
  });

  it.sequential.each(steps)('dies at $point', async ({ point, count, inHand }) => {
    if (point === 'sender.keep') await stack.nats.jetstream().publish(`${stack.name}.email`, 'not a payload');
    const messages = { topicId: 'crash', messages: 2, recipientsPerMessage: 100, prefix: `slow+${point}` };
    accepted.push(...(await submit(stack, { ...messages, gateway: () => gateway })));
    const sender = stack.spawnSender(crashAt(point, count));
    await diedAt(sender, point);
    await eventually(async () => (await underWay()).length === 0, 10_000, 'the end of its transactions');
    const found = await endSendClaims(stack, sender);
    for (const id of found) inDoubt.add(id);
    expect(found.length).toBeLessThanOrEqual(CONCURRENCY);
    if (inHand === null) return;
    expect(found.length > 0).toBe(inHand !== 'nothing');
    const mails = new Set(taken());
    expect(found.some((id) => mails.has(id))).toBe(inHand === 'taken');
  });

  it.sequential('that lives ends it: only what a dead one had in hand was in doubt', async () => {
    if (policy === 'resend') await diedAt(sweeper, 'sender.sweep');
    const swept = async () => (await stack.countOf('sending')) === 0;
    if (policy === 'confirm') await eventually(swept, RECOVERED_WITHIN_MS, 'the sweep');
    await endAckWaits(stack);
    await stack.sender();
    const open = () => stack.query('SELECT FROM topic_counters WHERE pending + dispatched + sending > 0');
    await eventually(async () => (await open()).length === 0, RECOVERED_WITHIN_MS, 'the end of all mails');
    const manager = await stack.nats.jetstreamManager();
    const left = async () => (await manager.streams.info(stack.name)).state.messages;
    await eventually(async () => (await left()) === 0, RECOVERED_WITHIN_MS, 'the end of all stream messages');

    const rows = await stack.query<{ id: string }>('SELECT id FROM emails WHERE state = 11');
    const uncertain = new Set(rows.map(({ id }) => id));
    expect(uncertain).toEqual(policy === 'confirm' ? inDoubt : new Set());
    expect(await stack.countOf('sent')).toBe(accepted.length - uncertain.size);
    const mails = taken();
    const once = new Set(mails);
    const missing = accepted.filter((id) => !once.has(id));
    const twice = mails.length - once.size;
    expect(missing.filter((id) => !uncertain.has(id))).toEqual([]);
    expect([...once].filter((id) => !accepted.includes(id))).toEqual([]);
    expect(twice).toBeLessThanOrEqual(policy === 'confirm' ? 0 : inDoubt.size);
    const [{ kept }] = await stack.query('SELECT count(*)::int AS kept FROM dead_letters');
    expect(kept).toBe(steps.filter(({ point }) => point === 'sender.keep').length);
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P3',
      under: `a sender that dies at each of its steps, ${policy}`,
      promised,
      stream: null,
      provider: `${mails.length} mails: ${missing.length} not sent and uncertain, ${twice} twice, ${inDoubt.size} were in doubt`,
      recipients: accepted.length,
      kills: steps.length + (policy === 'resend' ? 1 : 0),
      seed: null,
    });
  });
});
