import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { submit } from '../support/campaign.js';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { endSendClaims } from '../support/leases.js';
import { reportPromise } from '../support/promise-report.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { Stack } from '../support/stack.js';

const TOTAL = 100;
const CONCURRENCY = 16;
/** Beyond any patience. */
const ANSWER_MS = 120_000;
/** After which Kubernetes kills. */
const GRACE_MS = 30_000;
const AT_ONCE_MS = 1_000;

/** A sender all of whose mails wait for a provider that does not answer. */
async function hungSender(onTestFinished: TestContext['onTestFinished']): Promise<{ stack: Stack; sender: Child }> {
  const simulator = new Simulator({ slowMs: ANSWER_MS });
  onTestFinished(() => simulator.close());
  const { httpPort } = await simulator.listen();
  const stack = await Stack.start({ env: { SENDER_CONCURRENCY: String(CONCURRENCY), ...simulatedSes(httpPort) } });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  const sender = await stack.sender();
  const submission = { topicId: 'hung', messages: 1, recipientsPerMessage: TOTAL, prefix: 'slow+hung' };
  await submit(stack, { ...submission, gateway: () => gateway });
  await eventually(async () => (await stack.countOf('sending')) === CONCURRENCY, 30_000, 'mails in flight');
  return { stack, sender };
}

describe.concurrent('a shutdown that hangs', () => {
  it('ends before it is killed, and what was in flight is in doubt', async ({ onTestFinished }) => {
    const { stack, sender } = await hungSender(onTestFinished);
    const startedMs = Date.now();
    sender.signal('SIGTERM');
    await sender.exited;
    const tookMs = Date.now() - startedMs;
    expect(tookMs).toBeLessThan(GRACE_MS);
    // What it could not record before it ended.
    await endSendClaims(stack, sender);
    const other = await stack.sender();
    await eventually(async () => (await stack.countOf('uncertain')) === CONCURRENCY, 30_000, 'the sweep');
    // It hangs as well.
    await other.kill();
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P22',
      under: 'SIGTERM while the provider does not answer',
      promised: `ended within ${GRACE_MS / 1_000} s, what was in flight in doubt`,
      stream: null,
      provider: null,
      ledger: `${CONCURRENCY} uncertain`,
      measured: `ended after ${(tookMs / 1_000).toFixed(1)} s`,
      recipients: TOTAL,
      kills: 0,
      seed: null,
    });
  });

  it('ends at a second signal', async ({ onTestFinished }) => {
    const { sender } = await hungSender(onTestFinished);
    sender.signal('SIGTERM');
    // Two signals that come together may be heard as one.
    await sleep(AT_ONCE_MS);
    expect(sender.isRunning).toBe(true);
    const startedMs = Date.now();
    sender.signal('SIGTERM');
    expect((await sender.exited).code).toBe(1);
    expect(Date.now() - startedMs).toBeLessThan(AT_ONCE_MS);
  });
});
