// @ts-check
import { existsSync, readFileSync } from 'node:fs';

/**
 * What vitest's JSON report says, in three figures. A file that could not be loaded has no tests to count: it counts as
 * one that failed, as does a run that ended badly without naming a test.
 *
 * @param {string} file
 * @param {boolean} succeeded how the run itself ended
 */
export function tally(file, succeeded) {
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults ?? [];
  const unloadable = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  const passed = report.numPassedTests ?? 0;
  const failed = (report.numFailedTests ?? 0) + unloadable.length;
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  return { passed, failed: failed === 0 && !succeeded ? 1 : failed, skipped };
}
