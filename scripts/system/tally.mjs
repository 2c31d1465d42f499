// @ts-check
import { existsSync, readFileSync } from 'node:fs';

/**
 * What tally-reporter.mjs wrote, in three figures and the failures by name. A run that ended badly counts as one that
 * failed, also if it named nothing.
 *
 * @param {string} file
 * @param {boolean} succeeded how the run itself ended
 */
export function tally(file, succeeded) {
  /** @type {{ passed: number, skipped: number, failures: string[] }} */
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, skipped: 0, failures: [] };
  const failed = report.failures.length;
  return { ...report, failed: failed === 0 && !succeeded ? 1 : failed };
}
