import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CRASH_POINTS } from '../../src/runtime/crash-point.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import type { Child } from '../support/child.js';
import { crashAt, diedAt } from '../support/crash-point.js';
import { BATCH_SIZE, DISPATCHER, SENDER, UNANSWERED } from '../support/crash-steps.js';
import { eventually } from '../support/eventually.js';
import { endDispatchLeases } from '../support/leases.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

it('the crash points here are those of the code', () => {
  // The sweep is with the sender's, the lease in full-stream.e2e-spec.ts.
  const tested = [...UNANSWERED, ...DISPATCHER, ...SENDER].map(({ point }) => point);
  expect(new Set([...tested, 'sender.sweep', 'sender.lease'])).toEqual(new Set(CRASH_POINTS));
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
      recipientsPerMessage: BATCH_SIZE,
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
  let sender: Child;
  let observer: StreamObserver;
  const accepted: string[] = [];

  beforeAll(async () => {
    stack = await Stack.start({ env: { BATCH_SIZE: String(BATCH_SIZE) } });
    front = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    sender = await stack.sender();
    observer = await new StreamObserver(stack.nats, stack.name).ready();
  });

  afterAll(() => stack.stop());

  it.sequential.each(DISPATCHER)('dies at $point', async ({ point, count, isLeased, published, env }) => {
    const messages = { topicId: 'crash', messages: 4, recipientsPerMessage: 2 * BATCH_SIZE, prefix: point };
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
    // What was published again the stream knows by its ids; what was delivered before that, the sender has settled.
    const hasSettled = sender.output.includes('though their publish was not acknowledged');
    expect(observer.published).toBeGreaterThanOrEqual(hasSettled ? total : total + 1);
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
