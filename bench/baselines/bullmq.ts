import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { required } from '../../test/support/stack.js';
import { freePort } from '../../test/support/child.js';
import { importPeer, inCalls, type Peer } from './peer.js';

interface Queue {
  addBulk(jobs: readonly { name: string; data: object; opts: object }[]): Promise<unknown>;
  close(): Promise<void>;
}
interface Worker {
  on(name: 'completed', listener: () => void): void;
  close(): Promise<void>;
}
interface BullMq {
  Queue: new (name: string, options: object) => Queue;
  Worker: new (name: string, task: () => Promise<void>, options: object) => Worker;
}

const QUEUE = 'bench';
const LANES = 4;
const CONCURRENCY = 200;

/** On a Redis of its own, which writes its log once a second. */
export async function startBullMq(): Promise<Peer> {
  const { Queue, Worker } = await importPeer<BullMq>('bullmq');
  const redis = await startRedis();
  const connection = { host: '127.0.0.1', port: redis.port };
  const queue = new Queue(QUEUE, { connection });
  const opts = { removeOnComplete: true };
  return {
    enqueue: (jobs) => inCalls(jobs, LANES, (some) => queue.addBulk(some.map((data) => ({ name: QUEUE, data, opts })))),
    drain: async (count) => {
      let done = 0;
      const worker = new Worker(QUEUE, () => Promise.resolve(), { connection, concurrency: CONCURRENCY });
      await new Promise<void>((resolve) => {
        worker.on('completed', () => {
          if (++done === count) resolve();
        });
      });
      await worker.close();
    },
    stop: async () => {
      await queue.close();
      await redis.stop();
    },
  };
}

async function startRedis(): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
  const env = { ...process.env, LD_LIBRARY_PATH: required('BENCH_REDIS_LIBRARIES') };
  const child = spawn(required('BENCH_REDIS'), [...settings, ...durable], { env, stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`Redis ended with ${child.exitCode}`);
    await sleep(25);
  }
  return {
    port,
    stop: async () => {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
