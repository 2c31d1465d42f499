// @ts-check
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { acquireLock, releaseLock } from './lock.mjs';

function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, 'lock') };
}

it('names the living holder to whoever comes second', () => {
  const { file } = setup();
  expect(acquireLock(file)).toBeNull();
  expect(acquireLock(file)?.pid).toBe(process.pid);
});

it('is free again once released, and leaves nothing behind', () => {
  const { folder, file } = setup();
  acquireLock(file);
  releaseLock(file);
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['a process that has ended', JSON.stringify({ pid: 2 ** 22 + 1, identity: 'gone' })],
  ['an earlier process with the id of a living one', JSON.stringify({ pid: process.pid, identity: 'gone' })],
  ['nobody, since the file is damaged', '{"pid":'],
])('is taken from %s', (_holder, content) => {
  const { folder, file } = setup();
  writeFileSync(file, content);
  expect(acquireLock(file)).toBeNull();
  expect(readdirSync(folder)).toEqual(['lock']);
});
