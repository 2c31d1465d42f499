// @ts-check
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fingerprint } from './build.mjs';

function setup() {
  const root = mkdtempSync(join(tmpdir(), 'build-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'src/deep'), { recursive: true });
  writeFileSync(join(root, 'src/main.ts'), 'one');
  writeFileSync(join(root, 'src/deep/part.ts'), 'two');
  writeFileSync(join(root, 'tsconfig.json'), '{}');
  return { root, take: () => fingerprint(root, ['src', 'tsconfig.json', 'not-there.json']) };
}

it('stays the same while nothing changes', () => {
  const { take } = setup();
  expect(take()).toBe(take());
});

it.each(
  /** @type {[string, (root: string) => void][]} */ ([
    ['changed', (root) => writeFileSync(join(root, 'src/deep/part.ts'), 'three')],
    ['added', (root) => writeFileSync(join(root, 'not-there.json'), '')],
    ['removed', (root) => rmSync(join(root, 'src/deep/part.ts'))],
    ['replaced by an older one', (root) => utimesSync(join(root, 'src/main.ts'), 1, 1)],
  ]),
)('changes when a file is %s', (_what, change) => {
  const { root, take } = setup();
  const before = take();
  change(root);
  expect(take()).not.toBe(before);
});
