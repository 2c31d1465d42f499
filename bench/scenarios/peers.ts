import { setTimeout as sleep } from 'node:timers/promises';
import { DISPATCH_CHANNEL } from '../../src/messages/dispatch-nudge.js';
import { freePort } from '../../test/support/child.js';
import type { Gateway, Stack } from '../../test/support/stack.js';
import { startBullMq } from '../baselines/bullmq.js';
import { startGraphileWorker } from '../baselines/graphile-worker.js';
import { jobsOf, type Peer } from '../baselines/peer.js';
import { startPgBoss } from '../baselines/pg-boss.js';
import { drive } from '../load/http-load.js';
import { address, CONTENT, request, SUBJECT } from '../load/submissions.js';
import type { Figures, Round, Scenario } from '../scenario.js';
import type { Workbench } from '../workbench.js';

const JOBS = 60_000;
/** Each of them is claimed, and its outcome written. */
const SENT = 30_000;
const PER_MESSAGE = 1_000;
const CONNECTIONS = 4;
const LOOK_MS = 5;
const SCHEDULE_AHEAD_MS = 24 * 60 * 60 * 1000;
/** All of a round fits into the stream. */
const ENV = { QUEUE_HIGH_WATER: '1000000' };
const SENDER_ENV = { SENDER_CONCURRENCY: '1000' };

const PEERS = ['pg-boss', 'graphile-worker', 'bullmq'];
const best = (round: Round, figure: string) =>
  Math.max(...PEERS.filter((name) => name in round).map((name) => round[name][figure]));

export const peers: Scenario = {
  name: 'peers',
  about:
    'Jobs of 300 bytes, 1,000 per call: stored, and then taken and completed by a handler that does nothing, in pg-boss, ' +
    'graphile-worker and BullMQ (Redis with appendfsync everysec) at their best settings, within one process. Beside them ' +
    'emails of 200 bytes: taken in by calls within one process as well, 1,000 per call, 4 at a time, and over HTTP with 4 ' +
    'connections; dispatched from the ledger into the stream; and dispatched and sent by a sender whose transport does nothing.',
  isOnRequest: true,
  async prepare(workbench) {
    const jobs = jobsOf(thousands(workbench.count(JOBS)));
    const database = await workbench.stack();
    const running: Record<string, Peer> = {
      'pg-boss': await startPgBoss(database.databaseUrl),
      'graphile-worker': await startGraphileWorker(database.databaseUrl),
      ...(process.env.BENCH_REDIS && { bullmq: await startBullMq() }),
    };
    const ours = await Ours.start(workbench);
    return {
      variants: {
        ...Object.fromEntries(
          Object.entries(running).map(([name, peer]) => [name, () => measurePeer(peer, jobs)] as const),
        ),
        dispatch: () => ours.dispatch(jobs.length),
        http: () => ours.takenInOverHttp(jobs.length),
        send: () => ours.send(thousands(workbench.count(SENT))),
      },
      rows: [
        { id: 'U1', of: (round) => round.dispatch.enqueue_per_second / best(round, 'enqueue_per_second') },
        { id: 'U2-dispatch', of: (round) => round.dispatch.drain_per_second / best(round, 'drain_per_second') },
        { id: 'U2-send', of: (round) => round.send.drain_per_second / best(round, 'drain_per_second') },
      ],
      close: async () => {
        for (const peer of Object.values(running)) await peer.stop();
        await ours.stop();
        await workbench.close(database);
      },
    };
  },
};

function thousands(count: number): number {
  return Math.ceil(count / PER_MESSAGE) * PER_MESSAGE;
}

async function measurePeer(peer: Peer, jobs: readonly object[]): Promise<Figures> {
  const enqueue = await secondsOf(() => peer.enqueue(jobs));
  const drain = await secondsOf(() => peer.drain(jobs.length));
  return { enqueue_per_second: jobs.length / enqueue, drain_per_second: jobs.length / drain };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

/** Two systems: one without a sender, one with. */
class Ours {
  private constructor(
    private readonly workbench: Workbench,
    private readonly alone: { stack: Stack; gateway: Gateway; enqueuer: string },
    private readonly sending: { stack: Stack; gateway: Gateway },
  ) {}

  static async start(workbench: Workbench): Promise<Ours> {
    const [alone, sending] = [await workbench.stack({ env: ENV }), await workbench.stack({ env: ENV })];
    const gateway = await alone.gateway();
    const enqueuer = await enqueuerOn(alone);
    const ours = new Ours(
      workbench,
      { stack: alone, gateway, enqueuer },
      { stack: sending, gateway: await sending.gateway() },
    );
    const port = await freePort();
    const env = { ...sending.env, ...SENDER_ENV, METRICS_PORT: String(port) };
    const sender = sending.spawn('dist/bench/processes/idle-transport-sender.js', env);
    await sender.answers(`http://127.0.0.1:${port}/health/ready`);
    return ours;
  }

  async dispatch(count: number): Promise<Figures> {
    const { enqueuer } = this.alone;
    const response = await fetch(`${enqueuer}/?count=${count}`);
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return { enqueue_per_second: count / Number(text), drain_per_second: await this.dispatched(count) };
  }

  /** Not compared with the peers, whose calls are made within their process: HTTP, JSON and the whole validation come on top. */
  async takenInOverHttp(count: number): Promise<Figures> {
    const enqueue = await this.takeIn(this.alone.gateway, count);
    return { enqueue_per_second: enqueue, drain_per_second: await this.dispatched(count) };
  }

  async send(count: number): Promise<Figures> {
    const { stack, gateway } = this.sending;
    await this.takeIn(gateway, count);
    return { drain_per_second: await this.drainedWith(stack, 'sent', count) };
  }

  async stop(): Promise<void> {
    await this.workbench.close(this.alone.stack);
    await this.workbench.close(this.sending.stack);
  }

  private async dispatched(count: number): Promise<number> {
    const { stack } = this.alone;
    const drain = await this.drainedWith(stack, 'dispatched', count);
    await (await stack.nats.jetstreamManager()).streams.purge(stack.name);
    return drain;
  }

  /** Scheduled, so that it waits until it is released. Returns emails per second. */
  private async takeIn({ url }: Gateway, count: number): Promise<number> {
    const scheduled_at = new Date(Date.now() + SCHEDULE_AHEAD_MS).toISOString();
    const requests = Array.from({ length: count / PER_MESSAGE }, (_, message) => {
      const emails = Array.from({ length: PER_MESSAGE }, (_, index) => address(message * PER_MESSAGE + index));
      const element = { topic_id: 'bench', subject: SUBJECT, content: CONTENT, emails, scheduled_at };
      return request('POST', '/v1/messages', JSON.stringify({ messages: [element] }));
    });
    const { seconds } = await drive([url], CONNECTIONS, requests.length, (index) => requests[index]);
    return count / seconds;
  }

  /** Releases what waits. Returns emails per second until all of it is in the state. */
  private async drainedWith(stack: Stack, state: 'dispatched' | 'sent', count: number): Promise<number> {
    const done = async () => {
      const [row] = await stack.query<{ count: number }>(`SELECT ${state}::int AS count FROM topic_counters`);
      return row.count;
    };
    const before = await done();
    const seconds = await secondsOf(async () => {
      await stack.query('UPDATE batches SET claim_at = now() WHERE state = 0');
      await stack.query(`NOTIFY ${DISPATCH_CHANNEL}`);
      while ((await done()) < before + count) await sleep(LOOK_MS);
    });
    return count / seconds;
  }
}

/** A process that takes in by calls; the gateway beside it dispatches. Returns its URL. */
async function enqueuerOn(stack: Stack): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...stack.env,
    SERVER_PORT: String(port),
    SERVER_HOST: url,
    METRICS_PORT: '0',
    SCHEDULER_ENABLED: 'false',
  };
  await stack.spawn('dist/bench/processes/enqueuing-gateway.js', env).answers(url);
  return url;
}
