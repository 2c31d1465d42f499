// @ts-check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from './checkout.mjs';
import { run } from './command.mjs';

const FILES = {
  'a.spec.mjs': `
    describe('a suite', () => {
      afterAll(() => { throw new Error('not stopped'); });
      it('passes', async () => {
        void Promise.reject(new Error('nobody listened'));
        await new Promise((resolve) => setImmediate(resolve));
      });
      it('fails', () => expect('recount ended with 1\\n2 strays\\n').toBe(''));
      it.skip('is skipped', () => {});
      it.todo('is to come');
    });`,
  'unloadable.spec.mjs': `throw new Error('no such server');`,
};

/** Vitest starts once more, beside the tests that run. */
const TIMEOUT_MS = 60_000;

/** What the installed vitest makes of these files. */
async function report() {
  const folder = mkdtempSync(join(tmpdir(), 'tally-reporter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const file = join(folder, 'results.json');
  const vitest = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--globals',
    `--root=${folder}`,
    `--reporter=${join(ROOT, 'scripts/system/tally-reporter.mjs')}`,
    `--outputFile.tally=${file}`,
  ];
  const { PATH, HOME } = process.env;
  const running = run(process.execPath, vitest, { cwd: folder, env: { PATH, HOME } });
  await expect(running).rejects.toThrow('ended with 1');
  return JSON.parse(readFileSync(file, 'utf8'));
}

it(
  'names what failed in a test, in a hook, outside of all tests and in loading, each with its reason',
  async () => {
    const { failures, ...counts } = await report();
    expect(counts).toEqual({ passed: 1, skipped: 2 });
    expect(failures.toSorted()).toEqual([
      expect.stringMatching(/^a\.spec\.mjs > a suite > fails: .*\(recount ended with 1 2 strays\)$/),
      'a.spec.mjs > a suite: Error: not stopped',
      'a.spec.mjs: Unhandled Rejection: Error: nobody listened',
      'unloadable.spec.mjs: Error: no such server',
    ]);
  },
  TIMEOUT_MS,
);
