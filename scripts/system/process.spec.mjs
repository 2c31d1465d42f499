// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { identify, isAlive, Process } from './process.mjs';

function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'process-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  /** @param {string} script */
  const start = (script) => {
    const started = Process.spawn('child', process.execPath, ['-e', script], { log: join(folder, 'log') });
    onTestFinished(() => started.stop('SIGKILL', 0));
    return started;
  };
  return { start };
}

const SLEEP = 'setInterval(() => {}, 1000)';
const STUBBORN = `process.on('SIGTERM', () => {}); ${SLEEP}`;

it('knows a process by more than its id', () => {
  expect(isAlive({ pid: process.pid, identity: identify(process.pid) ?? '' })).toBe(true);
  expect(isAlive({ pid: process.pid, identity: 'an earlier process with this id' })).toBe(false);
});

it('does not take an ended process for a living one before its parent has asked for its code', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  expect(identify(child.pid ?? 0)).toBeNull();
});

it('never signals a process that has got the id of ours', async () => {
  const { start } = setup();
  const stranger = start(SLEEP);
  await Process.adopt('ours', { pid: stranger.reference.pid, identity: 'ours, long gone' }).stop('SIGKILL', 0);
  expect(isAlive(stranger.reference)).toBe(true);
});

it('stops an adopted process and waits for its end', async () => {
  const { start } = setup();
  const { reference } = start(SLEEP);
  await Process.adopt('orphan', reference).stop('SIGTERM', 5_000);
  expect(isAlive(reference)).toBe(false);
});

it('kills what does not end within its time', async () => {
  const { start } = setup();
  const stubborn = start(STUBBORN);
  await stubborn.stop('SIGTERM', 300);
  expect(await stubborn.exited).toMatch(/^signal/);
});

it('kills at once when somebody is in a hurry', async () => {
  const { start } = setup();
  const stubborn = start(STUBBORN);
  const hurry = new AbortController();
  const stopped = stubborn.stop('SIGTERM', 60_000, hurry.signal);
  hurry.abort();
  await stopped;
  expect(isAlive(stubborn.reference)).toBe(false);
});
