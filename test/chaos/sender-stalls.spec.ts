import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { submit } from '../support/campaign.js';
import { eventually } from '../support/eventually.js';
import { endSendClaims } from '../support/leases.js';
import { reportPromise } from '../support/promise-report.js';
import { emailIdOf } from '../support/send-reports.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { Stack } from '../support/stack.js';

const TOTAL = 400;
const CONCURRENCY = 16;
/** Keeps mails in flight, so that the signal finds some. */
const ANSWER_MS = 100;
/** After the signal a COMMIT that was under way ends, by the server's word alone. */
const COMMIT_MS = 100;
/** What it does late is over by then. */
const LATE_MS = 3_000;

it('a sender that stands still for longer than its lease is replaced, and only what it held may come twice', async () => {
  const simulator = new Simulator({ slowMs: ANSWER_MS });
  onTestFinished(() => simulator.close());
  const { httpPort } = await simulator.listen();
  const env = { AMBIGUOUS_SENDS: 'resend', SENDER_CONCURRENCY: String(CONCURRENCY), ...simulatedSes(httpPort) };
  const stack = await Stack.start({ env });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  const stalled = await stack.sender();
  const accepted = await submit(stack, {
    topicId: 'stall',
    messages: 2,
    recipientsPerMessage: TOTAL / 2,
    prefix: 'slow+stall',
    gateway: () => gateway,
  });
  await eventually(() => simulator.store.received > 0, 30_000, 'the first mails');
  stalled.signal('SIGSTOP');
  await sleep(COMMIT_MS);
  const held = await endSendClaims(stack, stalled);
  await stack.sender();
  // What it had taken from the stream and not claimed comes again after 30 s.
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 90_000, 'the state sent of all mails');
  const states = await stack.query('SELECT id, state, attempts, provider_message_id FROM emails ORDER BY id');
  stalled.signal('SIGCONT');
  await sleep(LATE_MS);

  const mails = Array.from({ length: simulator.store.received }, (_, index) =>
    emailIdOf(simulator.store.get(index + 1)!),
  );
  const duplicates = mails.length - new Set(mails).size;
  console.info(`${TOTAL} mails, ${held.length} held by a sender that was stopped: ${duplicates} twice`);
  expect(new Set(mails)).toEqual(new Set(accepted));
  expect(held.length).toBeGreaterThan(0);
  expect(held.length).toBeLessThanOrEqual(CONCURRENCY);
  expect(duplicates).toBeLessThanOrEqual(held.length);
  expect(await stack.query('SELECT id, state, attempts, provider_message_id FROM emails ORDER BY id')).toEqual(states);
  expect(stalled.isRunning).toBe(true);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P13',
    under: 'SIGSTOP of a sender until its lease is over, resend',
    promised: `0 lost, at most ${CONCURRENCY} twice, its late writes change nothing`,
    stream: null,
    provider: `${mails.length} mails: 0 lost, ${duplicates} twice; ${held.length} were held`,
    recipients: TOTAL,
    kills: 0,
    seed: null,
  });
}, 180_000);
