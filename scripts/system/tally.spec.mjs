// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from './checkout.mjs';
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
  expect(tally(file, true)).toEqual({ passed: 3, failed: 0, skipped: 3, failures: [] });
});

it('counts a file that could not be loaded as a failure, and names each', () => {
  const failure = { status: 'failed', fullName: 'a mail is sent', failureMessages: ['expected 1 to be 2\n    at …'] };
  const file = setup({
    numFailedTests: 1,
    testResults: [
      { name: join(ROOT, 'test/a.spec.ts'), status: 'failed', message: 'no such module', assertionResults: [] },
      {
        name: join(ROOT, 'test/b.spec.ts'),
        status: 'failed',
        assertionResults: [failure, { status: 'passed', fullName: 'b', failureMessages: [] }],
      },
    ],
  });
  expect(tally(file, false)).toMatchObject({
    failed: 2,
    failures: ['test/a.spec.ts: no such module', 'test/b.spec.ts > a mail is sent: expected 1 to be 2'],
  });
});

it('counts a run that ended badly as a failure, also when no test failed', () => {
  expect(tally(setup({}), false)).toMatchObject({ failed: 1 });
  expect(tally('/there/is/no/report', false)).toEqual({ passed: 0, failed: 1, skipped: 0, failures: [] });
});
