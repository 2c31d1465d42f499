import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { SmallDisk } from '../support/small-disk.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const MESSAGES = ofFullRun(50);
const SIZE = 100;
/** In full, longer than the lease of a claim. */
const FULL_MS = ofFullRun(50_000);
const RESUMED_WITHIN_MS = 30_000;
/** Of a claim whose COMMIT was not answered, the lease and the sweep; and then as long as it takes on busy cores. */
const DONE_WITHIN_MS = 180_000;
/** Takes room of its own, and is not made smaller by being compressed. */
const CONTENT = `<p>${randomBytes(3_000).toString('hex')}</p>`;
const NO_DISK = 'takes a disk of its own, which only root can mount';

/** The log that PostgreSQL has laid out beforehand is used up; that it cannot lay out more ends it. */
async function useUpLog(stack: Stack, disk: SmallDisk): Promise<void> {
  const isUsedUp = async () => {
    await disk.fill();
    return stack.query(`SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()`).then(
      () => false,
      () => true,
    );
  };
  await eventually(isUsedUp, 30_000, 'the end of the log');
}

/** Without an Idempotency-Key it shares a commit with others. */
async function submitOnce(stack: Stack, gateway: Gateway, prefix: string): Promise<{ status: number; ids: string[] }> {
  const message = { topic_id: 'once', emails: recipients(SIZE, prefix), subject: 'Once', content: CONTENT };
  const response = await stack.post(gateway, { messages: [message] }, { prefer: 'return=representation' });
  const { messages = [] } = (await response.json()) as { messages?: { email_ids: string[] }[] };
  return { status: response.status, ids: messages.flatMap(({ email_ids }) => email_ids) };
}

interface Outcome {
  accepted: string[];
  processes: Child[];
  /** When there was space again. */
  clearedMs: number;
  /** Mails sent before that. */
  before: number;
}

async function expectEachOnce(stack: Stack, under: string, outcome: Outcome): Promise<void> {
  const { accepted, processes, clearedMs, before } = outcome;
  await eventually(() => stack.sink.mails.length > before, RESUMED_WITHIN_MS, 'the first mail after there was space');
  const resumedMs = Date.now() - clearedMs;
  const isSent = async () => (await stack.countOf('sent')) === accepted.length;
  await eventually(isSent, DONE_WITHIN_MS, 'the state sent of all mails');
  const delivered = compare(stack.sink.mails, accepted);
  console.info(
    `${under}: ${inWords(delivered)}; resumed after ${resumedMs} ms, done after ${Date.now() - clearedMs} ms`,
  );
  expect(delivered).toEqual(eachOnce(accepted.length));
  expect(resumedMs).toBeLessThanOrEqual(RESUMED_WITHIN_MS);
  expect(processes.every(({ isRunning }) => isRunning)).toBe(true);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P10',
    under,
    promised: '0 lost, 0 twice, resumed within 30 s after there is space',
    stream: null,
    provider: inWords(delivered),
    recipients: accepted.length,
    kills: 0,
    seed: null,
  });
}

describe.concurrent('a full disk', { timeout: 400_000 }, () => {
  it('under PostgreSQL refuses mail with 503 and loses none that was accepted', async ({ skip, onTestFinished }) => {
    const disk = await SmallDisk.mount(384);
    if (disk === null) return skip(NO_DISK);
    onTestFinished(() => disk.unmount());
    const server = await PostgresServer.create({ home: `${disk.folder}/postgres` });
    onTestFinished(() => server.remove());
    await server.start();
    const env = { BATCH_SIZE: '50', SENDER_CONCURRENCY: '16', AMBIGUOUS_SENDS: 'resend' };
    const stack = await Stack.start({ adminUrl: server.url, env });
    onTestFinished(() => stack.stop());
    onTestFinished(() => disk.clear());
    const [gateway, ...senders] = await Promise.all([stack.gateway(), stack.sender(), stack.sender()]);

    const statuses = new Map<number, number>();
    const answered = (status: number) => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const keyed = {
      messages: MESSAGES,
      recipientsPerMessage: SIZE,
      content: CONTENT,
      gateway: () => gateway,
      answered,
    };
    const accepted: string[] = [];
    const probe = async () => {
      const { status, ids } = await submitOnce(stack, gateway, `probe-${accepted.length}-${Date.now()}-`);
      answered(status);
      accepted.push(...ids);
      return status;
    };
    const accepting = [submit(stack, { ...keyed, topicId: 'before' })];
    await eventually(() => stack.sink.mails.length > 0, 10_000, 'the first mails');
    await disk.fill();
    accepting.push(submit(stack, { ...keyed, topicId: 'during' }));
    const fullUntilMs = Date.now() + FULL_MS;
    while (Date.now() < fullUntilMs) {
      // PostgreSQL itself makes room now and then.
      await disk.fill();
      await probe();
      await sleep(100);
    }
    await useUpLog(stack, disk);
    // It tries to come back meanwhile.
    await sleep(1_000);
    expect(await probe()).toBe(503);
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);

    const before = stack.sink.mails.length;
    const isEnded = !server.isRunning;
    await disk.clear();
    const clearedMs = Date.now();
    // Where it does not come back by itself, whoever made the room starts it.
    await server.start();
    accepted.push(...(await Promise.all(accepting)).flat());
    console.info(`answers: ${JSON.stringify([...statuses])}; PostgreSQL ${isEnded ? 'had ended' : 'was running'}`);
    expect([...statuses.keys()].sort()).toEqual([200, 503]);
    const processes = [gateway, ...senders];
    await expectEachOnce(stack, 'no space under PostgreSQL', { accepted, processes, clearedMs, before });
  });

  it('under NATS holds mail in the ledger', async ({ skip, onTestFinished }) => {
    const disk = await SmallDisk.mount(64);
    if (disk === null) return skip(NO_DISK);
    onTestFinished(() => disk.unmount());
    const server = await NatsServer.create(disk.folder);
    onTestFinished(() => server.remove());
    await server.start();
    const stack = await Stack.start({ natsUrl: server.url, env: { BATCH_SIZE: '50', NATS_MAX_BYTES: '16000000' } });
    onTestFinished(() => stack.stop());
    onTestFinished(() => disk.clear());
    const processes = await Promise.all([stack.gateway(), stack.sender()]);
    const [gateway] = processes;
    const some = { messages: MESSAGES, recipientsPerMessage: SIZE, content: CONTENT, gateway: () => gateway };

    const accepting = [submit(stack, { ...some, topicId: 'before' })];
    await eventually(() => stack.sink.mails.length > 0, 10_000, 'the first mails');
    await disk.fill();
    const fullUntilMs = Date.now() + FULL_MS;
    accepting.push(submit(stack, { ...some, topicId: 'during' }));
    // Accepting needs PostgreSQL alone.
    const accepted = (await Promise.all(accepting)).flat();
    const isRefused = () => /not acknowledged|not ready/.test(gateway.output);
    await eventually(isRefused, 30_000, 'a publish that finds no space');
    while (Date.now() < fullUntilMs) {
      await disk.fill();
      await sleep(250);
    }
    expect(await stack.countOf('pending')).toBeGreaterThan(0);
    expect(await stack.countOf('failed')).toBe(0);
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);

    const before = stack.sink.mails.length;
    await disk.clear();
    const clearedMs = Date.now();
    // nats-server 2.9.10 answers nothing more, also when there is space again, and does not end at SIGINT.
    const isHanging = await stack.nats.jetstreamManager({ timeout: 1_000 }).then(
      () => false,
      () => true,
    );
    if (isHanging) {
      await server.kill();
      await server.start();
    }
    await expectEachOnce(stack, `no space under NATS${isHanging ? ', which is killed and started again' : ''}`, {
      accepted,
      processes,
      clearedMs,
      before,
    });
  });
});
