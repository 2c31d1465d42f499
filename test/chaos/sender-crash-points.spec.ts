import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { submit } from '../support/campaign.js';
import type { Child } from '../support/child.js';
import { crashAt, diedAt } from '../support/crash-point.js';
import { SENDER, SENDER_CONCURRENCY } from '../support/crash-steps.js';
import { eventually } from '../support/eventually.js';
import { endAckWaits, endSendClaims } from '../support/leases.js';
import { reportPromise } from '../support/promise-report.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { type Gateway, Stack } from '../support/stack.js';

/** Keeps mails in flight, so that more than one is in hand. */
const ANSWER_MS = 20;
/** A sender sweeps once it has lived for 20 to 30 s. */
const RECOVERED_WITHIN_MS = 120_000;

const RUNS = [
  { policy: 'confirm', steps: SENDER, promised: '0 lost, 0 twice' },
  {
    policy: 'resend',
    steps: SENDER.filter(({ inHand }) => inHand === 'unsent' || inHand === 'taken'),
    promised: `0 lost, at most ${SENDER_CONCURRENCY} per kill twice`,
  },
];

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
    const env = { AMBIGUOUS_SENDS: policy, SENDER_CONCURRENCY: String(SENDER_CONCURRENCY), ...simulatedSes(httpPort) };
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
    expect(found.length).toBeLessThanOrEqual(SENDER_CONCURRENCY);
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
