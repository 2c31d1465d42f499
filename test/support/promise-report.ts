import { appendFileSync } from 'node:fs';
import type { Delivered } from './campaign.js';

/** What a chaos test saw of a promise; `npm run chaos` prints one line for each, and adds them up. */
export interface PromiseReport {
  /** Such as `P2`. */
  promise: string;
  /** The fault. */
  under: string;
  promised: string;
  /** Counted beside the sender, which would hide a dispatcher that repeats itself; null where no mail was published. */
  stream: string | null;
  /** What the provider took; null where no mail was sent. */
  provider: string | null;
  /** What the ledger has, where that is what was promised. */
  ledger?: string;
  /** What is neither mail nor row, where that is what was promised: a time, a size. */
  measured?: string;
  recipients: number;
  kills: number;
  /** Null where nothing was left to chance. */
  seed: number | null;
}

/** Called once all that is promised has been checked: a test that fails reports nothing. */
export function reportPromise(report: PromiseReport): void {
  const file = process.env.PROMISE_REPORT;
  if (file) appendFileSync(file, `${JSON.stringify(report)}\n`);
}

export function inWords({ mails, missing, duplicates, unexpected }: Delivered): string {
  return `${mails} mails: ${missing.length} lost, ${duplicates} twice, ${unexpected.length} unexpected`;
}
