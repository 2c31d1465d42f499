import { type CrashPoint } from '../../src/runtime/crash-point.js';
import type { Child } from './child.js';
import { eventually } from './eventually.js';

const REACHED_WITHIN_MS = 60_000;

/** The environment of a process that kills itself when it reaches the point for the `count`-th time. */
export function crashAt(point: CrashPoint, count = 1): Record<string, string> {
  return { NODE_ENV: 'test', CRASH_AT: `${point}:${count}` };
}

/** Resolves once the process has died there. Throws if it ends otherwise, or goes on. */
export async function diedAt(child: Child, point: CrashPoint): Promise<void> {
  await eventually(() => !child.isRunning, REACHED_WITHIN_MS, `the crash at ${point}`);
  // What it wrote last may be read behind its end.
  const hasSaidSo = () => child.output.includes(`dies at crash point ${point}\n`);
  await eventually(hasSaidSo, 1_000, `the crash at ${point}, and not another end,`).catch((error: Error) => {
    throw new Error(`${error.message}:\n${child.output}`);
  });
  const { signal } = await child.exited;
  if (signal !== 'SIGKILL') throw new Error(`the process went on behind ${point} and ended by ${signal}`);
}
