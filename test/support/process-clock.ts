import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from './child.js';

export const HOUR_SECONDS = 3_600;

/** The wall clock of the processes that get its environment, which a test sets while they run. Their monotonic clock is true. */
export class ProcessClock {
  readonly env: Readonly<Record<string, string>>;
  private readonly folder = mkdtempSync(join(tmpdir(), 'messages-clock-'));
  private readonly file = join(this.folder, 'ahead');

  /** `library`: libfaketime. */
  constructor(library: string, aheadSeconds: number) {
    this.set(aheadSeconds);
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // As releases before 0.9.8 call it.
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** Below 0: behind the true time. */
  set(aheadSeconds: number): void {
    // Never read by halves.
    const draft = `${this.file}.draft`;
    writeFileSync(draft, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}\n`);
    renameSync(draft, this.file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How far a process's clock is ahead, by the last line of its log, which was written just now. */
export function secondsAhead(child: Child): number {
  const last = [...child.output.matchAll(/"timestamp":(\d+)/g)].at(-1);
  return (Number(last?.[1]) - Date.now()) / 1_000;
}
