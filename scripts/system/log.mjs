// @ts-check
import { existsSync, openSync, readFileSync, renameSync } from 'node:fs';

const TAIL_LINES = 15;

/**
 * A fresh log for a process that starts; the one of the run before is kept beside it.
 *
 * @param {string} file
 */
export function openLog(file) {
  if (existsSync(file)) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

/**
 * @param {string} file
 * @returns {string} the last lines; empty when there is no log
 */
export function tailOfLog(file) {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
