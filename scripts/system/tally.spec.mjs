// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tally } from './tally.mjs';

/** @param {object} report */
function setup(report) {
  const folder = mkdtempSync(join(tmpdir(), 'tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'results.json');
  writeFileSync(file, JSON.stringify({ numPassedTests: 3, numFailedTests: 0, testResults: [], ...report }));
  return file;
}

it('counts skipped tests and those still to be written together', () => {
  const file = setup({ numPendingTests: 1, numTodoTests: 2 });
  expect(tally(file, true)).toEqual({ passed: 3, failed: 0, skipped: 3 });
});

it('counts a file that could not be loaded as a failure', () => {
  const file = setup({
    numFailedTests: 1,
    testResults: [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
    ],
  });
  expect(tally(file, false)).toMatchObject({ failed: 2 });
});

it('counts a run that ended badly as a failure, also when no test failed', () => {
  expect(tally(setup({}), false)).toMatchObject({ failed: 1 });
  expect(tally('/there/is/no/report', false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
