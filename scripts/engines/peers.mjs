// @ts-check
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL } from '../system/checkout.mjs';
import { run } from '../system/command.mjs';
import { hasArchive, unpackPackages } from './debian-packages.mjs';

/** Fixed, so that two measurements compare. The newer two ask for Node.js 22 and run on 20. */
const PEERS = { 'pg-boss': '12.38.0', 'graphile-worker': '0.18.0', bullmq: '6.7.0', ioredis: '5.11.1' };
/** Redis and what it loads of its own; redis-tools holds the program, redis-server a link to it. */
const REDIS = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'];

/**
 * The job queues that ours is measured against, in a folder outside the project's own packages, and a Redis for BullMQ
 * where it can be had.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<Record<string, string>>} where the benchmark finds them
 */
export async function providePeers(signal) {
  const folder = join(LOCAL, 'peers');
  const list = `${JSON.stringify({ private: true, dependencies: PEERS }, null, 2)}\n`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), list);
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', args, { cwd: folder, signal });
  return { BENCH_PEERS: folder, ...(await provideRedis(signal)) };
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<Record<string, string>>}
 */
async function provideRedis(signal) {
  const folder = join(LOCAL, 'redis');
  try {
    if (!existsSync(folder)) {
      if (!hasArchive()) throw new Error('there is no apt to fetch it with');
      await unpackPackages(REDIS, folder, signal);
    }
    const libraries = readdirSync(join(folder, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
    return {
      BENCH_REDIS: join(folder, 'usr/bin/redis-server'),
      BENCH_REDIS_LIBRARIES: libraries.map((name) => join(folder, 'usr/lib', name)).join(':'),
    };
  } catch (error) {
    signal?.throwIfAborted();
    process.stderr.write(`BullMQ is left out, there is no Redis: ${/** @type {Error} */ (error).message}\n`);
    return {};
  }
}
