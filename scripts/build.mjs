// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './system/checkout.mjs';
import { run } from './system/command.mjs';
import { acquireLock, releaseLock } from './system/lock.mjs';

const SOURCES = [
  'src',
  'migrations',
  'simulator',
  'bench',
  'test/support',
  'tsconfig.json',
  'nest-cli.json',
  'package-lock.json',
];
const LOCK_POLL_MS = 100;

/**
 * Builds dist/ unless it was built from the sources as they are. `npm run local` and `npm test` may both want to:
 * the second waits for the first.
 *
 * @param {AbortSignal} [signal]
 */
export async function buildIfStale(signal) {
  const nest = join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js');
  if (!existsSync(nest)) throw new Error('The packages are not installed: run npm ci first.');
  const dist = join(ROOT, 'dist');
  const stamp = join(dist, '.stamp');
  const lock = join(dist, '.lock');
  mkdirSync(dist, { recursive: true });
  while (acquireLock(lock) !== null) await sleep(LOCK_POLL_MS, undefined, { signal });
  try {
    // Taken before the build: what changes meanwhile makes it stale again.
    const sources = fingerprint(ROOT, SOURCES);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
    rmSync(stamp, { force: true });
    await run(process.execPath, [nest, 'build'], { cwd: ROOT, signal });
    writeFileSync(stamp, sources);
  } finally {
    releaseLock(lock);
  }
}

/**
 * Changes with every file's name, size and time. The newest time alone would miss a file that was removed or replaced
 * by an older one.
 *
 * @param {string} root
 * @param {string[]} sources files and folders in it; those that do not exist count as such
 */
export function fingerprint(root, sources) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) add(join(path, name));
    } else {
      hash.update(`${path}\0${stat?.size}\0${stat?.mtimeMs}\n`);
    }
  };
  sources.forEach(add);
  return hash.digest('hex');
}

if (import.meta.filename === process.argv[1]) await buildIfStale();
