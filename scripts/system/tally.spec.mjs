// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tally } from './tally.mjs';

/** @param {string[]} failures */
function setup(failures) {
  const folder = mkdtempSync(join(tmpdir(), 'tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'results.json');
  writeFileSync(file, JSON.stringify({ passed: 3, skipped: 2, failures }));
  return file;
}

it('counts each failure that is named', () => {
  expect(tally(setup([]), true)).toEqual({ passed: 3, failed: 0, skipped: 2, failures: [] });
  expect(tally(setup(['one', 'two']), false)).toEqual({ passed: 3, failed: 2, skipped: 2, failures: ['one', 'two'] });
});

it('counts a run that ended badly as a failure, also when it named none', () => {
  expect(tally(setup([]), false)).toMatchObject({ failed: 1 });
  expect(tally('/there/is/no/report', false)).toEqual({ passed: 0, failed: 1, skipped: 0, failures: [] });
});
