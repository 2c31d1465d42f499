import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { eventually } from '../support/eventually.js';
import { reportPromise } from '../support/promise-report.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, Stack } from '../support/stack.js';

const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:simulator';
const TOPIC = 'faulty';
const MESSAGES = ofFullRun(10);
const SIZE = 1_000;
const TOTAL = MESSAGES * SIZE;
const FAULTS = { throttlePercent: 30, resetPercent: 5, rejectPercent: 1 };

it(`that throttles, resets and rejects at random gets each of ${TOTAL} mails once, or its refusal is on record`, async () => {
  const seed = chaosSeed();
  const certDir = mkdtempSync(join(tmpdir(), 'sns-'));
  onTestFinished(() => rmSync(certDir, { recursive: true }));
  const stack = await Stack.start({ env: { LOG_LEVEL: 'error', TRACK_OPENS: 'false' } });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway({ SNS_TOPIC_ARNS: TOPIC_ARN, SNS_CERT_DIR: certDir });
  const webhookUrl = `${gateway.url}/v1/events/results`;
  const simulator = new Simulator({
    sns: { webhookUrl, topicArn: TOPIC_ARN, certDir },
    faults: { seed, ...FAULTS },
    limits: { maxSendRate: 5_000 },
  });
  onTestFinished(() => simulator.close());
  const { httpPort } = await simulator.listen();
  const sender = () => stack.sender(simulatedSes(httpPort));
  await Promise.all([sender(), sender()]);
  const startedMs = Date.now();
  const ids = await submit(stack, {
    topicId: TOPIC,
    messages: MESSAGES,
    recipientsPerMessage: SIZE,
    gateway: () => gateway,
  });

  let rounds = 0;
  let inDoubt = 0;
  for (;;) {
    await atRest(stack, gateway, simulator);
    const { uncertain = 0 } = await states(stack, gateway, TOPIC);
    if (uncertain === 0) break;
    await stack.query(`UPDATE emails SET claimed_at = claimed_at - interval '121 seconds' WHERE state = 11`);
    rounds += 1;
    inDoubt += uncertain;
    // Whoever comes later shows that events arrive.
    await submit(stack, { topicId: `later-${rounds}`, messages: 1, recipientsPerMessage: 20, gateway: () => gateway });
    await eventually(
      async () => (await states(stack, gateway, TOPIC)).uncertain === undefined,
      60_000,
      'the decision about what is in doubt',
    );
  }
  const took = ((Date.now() - startedMs) / 1_000).toFixed(1);
  const { answers } = simulator.stats() as { answers: Record<string, number> };

  const mine = new Set(ids);
  const taken = simulator.accepted.page(0, 10 * TOTAL).filter(({ requestId }) => mine.has(requestId ?? ''));
  const rows = await stack.query<{ id: string; state: number; reason: string | null }>(
    `SELECT id, state, reason FROM emails WHERE id = ANY ($1)`,
    [ids],
  );
  const failed = rows.filter(({ state }) => state === 7);
  const end = await states(stack, gateway, TOPIC);
  console.info(
    `${TOTAL} mails (seed ${seed}), ${took} s, ${JSON.stringify(answers)}: ${inDoubt} were in doubt, ${JSON.stringify(end)}`,
  );
  expect(taken.length, 'taken twice').toBe(new Set(taken.map(({ requestId }) => requestId)).size);
  expect(end).toEqual({ delivered: taken.length, failed: failed.length });
  expect(taken.length + failed.length).toBe(TOTAL);
  expect(new Set(failed.map(({ reason }) => reason?.split(' ').slice(0, 3).join(' ')))).toEqual(
    new Set(['ses; 400 MessageRejected']),
  );
  const refused = new Set(failed.map(({ id }) => id));
  expect(taken.filter(({ requestId }) => refused.has(requestId!))).toEqual([]);
  const page = await stack.get<{ result: { statuses: Record<string, number> } }>(gateway, `/v1/topics/${TOPIC}`);
  expect(page.result.statuses).toEqual({ Send: taken.length, Delivery: taken.length });
  expect(inDoubt).toBeGreaterThan(0);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P16',
    under: `${FAULTS.throttlePercent} % throttled, ${FAULTS.resetPercent} % cut off, ${FAULTS.rejectPercent} % rejected`,
    promised: 'all but the rejected accepted, 0 twice',
    stream: null,
    provider: `${taken.length} taken, ${failed.length} rejected, ${inDoubt} were in doubt, 0 lost, 0 twice`,
    recipients: TOTAL,
    kills: 0,
    seed,
  });
}, 900_000);

async function states(stack: Stack, gateway: Gateway, topicId: string): Promise<Record<string, number>> {
  const page = await stack.topic(gateway, topicId);
  return Object.fromEntries(Object.entries(page.states).filter(([, count]) => count > 0));
}

/** Resolves when no mail moves any more, and every event has been delivered: only then may time be made to pass. */
async function atRest(stack: Stack, gateway: Gateway, simulator: Simulator): Promise<void> {
  const isAtRest = async () => {
    const { notifications } = simulator.stats() as { notifications: { waiting: number } };
    const moving = ['pending', 'dispatched', 'sending', 'sent'];
    const now = await states(stack, gateway, TOPIC);
    return notifications.waiting === 0 && !moving.some((state) => now[state] > 0);
  };
  await eventually(isAtRest, 600_000, 'the end of the run');
}
