// @ts-check
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LOCAL } from './checkout.mjs';
import { acquireLock, readLock } from './lock.mjs';
import { isAlive, Process } from './process.mjs';
import { State } from './state.mjs';

const PREFIX = 'test-';
const KILL_GRACE_MS = 1_000;

/** A fresh folder for the engines of one test run, beside those of other runs. */
export function makeTestFolder() {
  const folder = join(LOCAL, `${PREFIX}${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  acquireLock(join(folder, 'lock'));
  return folder;
}

/** Clears away what test runs left that were killed. */
export async function removeDeadTestFolders() {
  if (!existsSync(LOCAL)) return;
  for (const name of readdirSync(LOCAL).filter((name) => name.startsWith(PREFIX))) {
    const folder = join(LOCAL, name);
    const owner = readLock(join(folder, 'lock'));
    if (owner === null || !isAlive(owner)) await removeTestFolder(folder);
  }
}

/**
 * Ends the engines that still run on it; nothing in it is worth an orderly stop.
 *
 * @param {string} folder
 */
export async function removeTestFolder(folder) {
  const { processes, postgres } = new State(folder).values;
  for (const [name, reference] of Object.entries(processes)) {
    await Process.adopt(name, reference).stop('SIGQUIT', KILL_GRACE_MS);
  }
  // Outside the checkout, where the server's user could not enter it.
  if (postgres) rmSync(dirname(postgres.home), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
