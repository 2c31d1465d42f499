// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './checkout.mjs';

/**
 * @typedef {object} TestFile
 * @property {string} name
 * @property {string} status
 * @property {string} [message] why it could not be loaded
 * @property {{ status: string, fullName: string, failureMessages: string[] }[]} assertionResults
 */

/**
 * What vitest's JSON report says, in three figures and the failures by name. A file that could not be loaded has no tests
 * to count: it counts as one that failed, as does a run that ended badly without naming a test.
 *
 * @param {string} file
 * @param {boolean} succeeded how the run itself ended
 */
export function tally(file, succeeded) {
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  /** @type {TestFile[]} */
  const files = report.testResults ?? [];
  const unloadable = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  const passed = report.numPassedTests ?? 0;
  const failed = (report.numFailedTests ?? 0) + unloadable.length;
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  const failures = [
    ...unloadable.map(({ name, message }) => `${relative(ROOT, name)}: ${firstLine(message)}`),
    ...files.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(
          ({ fullName, failureMessages }) => `${relative(ROOT, name)} > ${fullName}: ${firstLine(failureMessages[0])}`,
        ),
    ),
  ];
  return { passed, failed: failed === 0 && !succeeded ? 1 : failed, skipped, failures };
}

function firstLine(text = '') {
  return text.split('\n', 1)[0];
}
