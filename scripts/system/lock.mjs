// @ts-check
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identify, isAlive } from './process.mjs';

/** @typedef {import('./process.mjs').Reference} Reference */

/**
 * Takes the lock file for this process. A holder that died without releasing it loses it.
 *
 * @param {string} file
 * @returns {Reference | null} the living holder, or null when the lock is ours
 */
export function acquireLock(file) {
  const mine = { pid: process.pid, identity: identify(process.pid) };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    for (;;) {
      try {
        // A link appears with its content and fails if the name exists: nobody ever reads half a lock.
        linkSync(draft, file);
        return null;
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      }
      const holder = readLock(file);
      if (holder && isAlive(holder)) return holder;
      removeStale(file);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @param {string} file */
export function releaseLock(file) {
  if (readLock(file)?.pid === process.pid) rmSync(file, { force: true });
}

/**
 * @param {string} file
 * @returns {Reference | null}
 */
export function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Of two processes that find the same dead holder only one renames it away. The other may by then hold the winner's
 * fresh lock in its hand, and gives it back.
 *
 * @param {string} file
 */
function removeStale(file) {
  const taken = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, taken);
  } catch {
    return;
  }
  const holder = readLock(taken);
  if (holder && isAlive(holder)) renameSync(taken, file);
  else rmSync(taken, { force: true });
}
