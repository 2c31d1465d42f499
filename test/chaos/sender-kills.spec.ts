import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { StoredMail } from '../../simulator/mail-store.js';
import { Simulator } from '../../simulator/simulator.js';
import { submit } from '../support/campaign.js';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { endSendClaims } from '../support/leases.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { seededRandom } from '../../simulator/seeded-random.js';
import { reportPromise } from '../support/promise-report.js';
import { emailIdOf, SendReports } from '../support/send-reports.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { SnsTopic } from '../support/sns.js';
import { type Gateway, Stack } from '../support/stack.js';

const KILLS = ofFullRun(20);
const CONCURRENCY = 16;
const MESSAGES_PER_KILL = 2;
const SIZE = ofFullRun(500);
const TOTAL = KILLS * MESSAGES_PER_KILL * SIZE;
/** Keeps mails in flight, so that a kill finds some. */
const ANSWER_MS = 20;
/** What both senders take at least for half of the mails of a kill. */
const HALF_OF_MAILS_MS = (MESSAGES_PER_KILL * SIZE * ANSWER_MS) / (2 * CONCURRENCY) / 2;
/** After a kill a COMMIT that was under way ends, by the server's word alone. */
const COMMIT_MS = 100;
/** A minute or two on two idle cores; as long as it takes on busy ones. */
const PATIENCE_MS = 900_000;

interface Run {
  stack: Stack;
  gateway: Gateway;
  simulator: Simulator;
  accepted: string[];
  inDoubt: Set<string>;
}

describe(`kill -9 of a sender, ${KILLS} times during ${TOTAL} mails`, { timeout: PATIENCE_MS }, () => {
  const sns = new SnsTopic();
  const seed = chaosSeed();
  const simulators: Simulator[] = [];

  beforeAll(() => console.info(`seed ${seed}`));

  afterAll(async () => {
    await Promise.all(simulators.map((simulator) => simulator.close()));
    sns.close();
  });

  async function start(policy: 'confirm' | 'resend', onTestFinished: TestContext['onTestFinished']) {
    const simulator = new Simulator({ slowMs: ANSWER_MS });
    simulators.push(simulator);
    const { httpPort } = await simulator.listen();
    const stack = await Stack.start({
      env: {
        ...sns.env,
        AMBIGUOUS_SENDS: policy,
        SENDER_CONCURRENCY: String(CONCURRENCY),
        ...simulatedSes(httpPort),
      },
    });
    onTestFinished(() => stack.stop());
    return { stack, simulator, gateway: await stack.gateway() };
  }

  /** Two senders, of which one dies and is started again while a twentieth of the mails comes. */
  async function run(policy: 'confirm' | 'resend', { stack, gateway, simulator }: Omit<Run, 'accepted' | 'inDoubt'>) {
    const random = seededRandom(seed);
    const senders: Child[] = [await stack.sender(), await stack.sender()];
    const accepted: string[] = [];
    const inDoubt = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const accepting = submit(stack, {
        topicId: `${policy}-${kill}`,
        messages: MESSAGES_PER_KILL,
        recipientsPerMessage: SIZE,
        prefix: `slow+${policy}-${kill}`,
        gateway: () => gateway,
      });
      const sending = await eventually(
        () => thatSend(stack, senders),
        PATIENCE_MS / KILLS,
        'a mail that is being sent',
      );
      await sleep(random() * HALF_OF_MAILS_MS);
      const dead = sending[Math.floor(random() * sending.length)];
      await dead.kill();
      await sleep(COMMIT_MS);
      for (const id of await endSendClaims(stack, dead)) inDoubt.add(id);
      senders[senders.indexOf(dead)] = await stack.sender();
      accepted.push(...(await accepting));
    }
    return { stack, gateway, simulator, accepted, inDoubt };
  }

  async function thatSend(stack: Stack, senders: readonly Child[]): Promise<Child[] | null> {
    const claims = await stack.query<{ pid: number }>(
      `SELECT split_part(sender, ':', 2)::int AS pid FROM sender_claims WHERE ids <> '{}'`,
    );
    const sending = senders.filter((sender) => claims.some(({ pid }) => pid === sender.pid));
    return sending.length > 0 ? sending : null;
  }

  async function statesOf(stack: Stack): Promise<Record<string, number>> {
    const [row] = await stack.query<Record<string, number>>(`
      SELECT sum(total)::int AS total, sum(pending + dispatched + sending)::int AS open, sum(sent)::int AS sent,
        sum(uncertain)::int AS uncertain FROM topic_counters`);
    return row;
  }

  const settled = (stack: Stack) =>
    eventually(async () => (await statesOf(stack)).open === 0, PATIENCE_MS / 2, 'the end of the run');

  function mailsOf(simulator: Simulator): StoredMail[] {
    return Array.from({ length: simulator.store.received }, (_, index) => simulator.store.get(index + 1)!);
  }

  /** What the provider took, compared with what was accepted. */
  function figures({ simulator, accepted, inDoubt }: Run) {
    const mails = mailsOf(simulator).map(emailIdOf);
    const taken = new Set(mails);
    return {
      missing: accepted.filter((id) => !taken.has(id)).length,
      unexpected: taken.size - accepted.filter((id) => taken.has(id)).length,
      duplicates: mails.length - taken.size,
      inDoubt: inDoubt.size,
    };
  }

  function report(policy: string, startedMs: number, run: Run): void {
    const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
    console.info(`${policy}: ${TOTAL} mails, ${KILLS} kills, ${seconds} s: ${JSON.stringify(figures(run))}`);
  }

  function reportKept(policy: string, promised: string, run: Run): void {
    const { missing, unexpected, duplicates, inDoubt } = figures(run);
    reportPromise({
      promise: 'P3',
      under: `kill -9 of one of two senders, ${policy}`,
      promised,
      stream: null,
      provider: `${TOTAL} mails: ${missing} lost, ${duplicates} twice, ${unexpected} unexpected, ${inDoubt} were in doubt`,
      recipients: TOTAL,
      kills: KILLS,
      seed,
    });
  }

  it.concurrent('with resend loses nothing, and repeats at most what was in flight', async ({ onTestFinished }) => {
    const startedMs = Date.now();
    const ended = await run('resend', await start('resend', onTestFinished));
    await settled(ended.stack);
    report('resend', startedMs, ended);
    expect(await statesOf(ended.stack)).toEqual({ total: TOTAL, open: 0, sent: TOTAL, uncertain: 0 });
    const { missing, unexpected, duplicates, inDoubt } = figures(ended);
    expect({ missing, unexpected }).toEqual({ missing: 0, unexpected: 0 });
    expect(inDoubt).toBeGreaterThan(0);
    expect(inDoubt).toBeLessThanOrEqual(KILLS * CONCURRENCY);
    expect(duplicates).toBeLessThanOrEqual(inDoubt);
    expect(await ended.stack.recount()).toBe('');
    reportKept('resend', `0 lost, at most ${CONCURRENCY} per kill twice`, ended);
  });

  it.concurrent('with confirm loses nothing and sends nothing twice', async ({ onTestFinished }) => {
    const startedMs = Date.now();
    const started = await start('confirm', onTestFinished);
    const reports = new SendReports(started.simulator.store, sns, started.gateway.url);
    onTestFinished(() => reports.stop());
    const ended = await run('confirm', started);
    const { stack, simulator, inDoubt } = ended;
    await settled(stack);
    await reports.all(60_000);
    report('confirm, before two minutes are over', startedMs, ended);
    // What SES had taken, its Send has settled. The rest is in doubt, and was in flight when its sender died.
    const uncertain = (await stack.query<{ id: string }>('SELECT id FROM emails WHERE state = 11')).map(({ id }) => id);
    const taken = new Set(mailsOf(simulator).map(emailIdOf));
    expect(uncertain.filter((id) => taken.has(id) || !inDoubt.has(id))).toEqual([]);
    expect(await statesOf(stack)).toEqual({
      total: TOTAL,
      open: 0,
      sent: TOTAL - uncertain.length,
      uncertain: uncertain.length,
    });

    await stack.query(`UPDATE emails SET claimed_at = claimed_at - interval '2 minutes' WHERE state = 11`);
    await eventually(async () => (await statesOf(stack)).sent === TOTAL, 30_000, 'the second sending');
    report('confirm', startedMs, ended);
    expect(figures(ended)).toEqual({ missing: 0, unexpected: 0, duplicates: 0, inDoubt: inDoubt.size });
    expect(inDoubt.size).toBeGreaterThan(0);
    expect(await stack.recount()).toBe('');
    reportKept('confirm', '0 lost, 0 twice', ended);
  });
});
