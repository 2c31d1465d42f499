import { writeSync } from 'node:fs';

/**
 * Between which steps a process may die: a point's name says what has just been done, and nothing behind it is.
 * `test/chaos/*-crash-points.spec.ts` let processes die at each of them.
 */
export const CRASH_POINTS = [
  // All of a submission is written but its COMMIT; it is committed, and nobody has been told.
  'ingest.store',
  'ingest.commit',
  // The dispatcher knows how much room there is; has leased what is due; has cut a batch in two; has read the emails.
  'dispatcher.look',
  'dispatcher.claim',
  'dispatcher.split',
  'dispatcher.load',
  // The stream has taken an email, and its acknowledgement is not counted; all of a load are acknowledged.
  'dispatcher.publish',
  'dispatcher.ack',
  // All of the settle is written but its COMMIT; it is committed.
  'dispatcher.mark',
  'dispatcher.settle',
  // The sender has leave for some mails; has written all of their claim but its COMMIT; has claimed them.
  'sender.token',
  'sender.judge',
  'sender.claim',
  // The provider has answered for a mail; outcomes are written but for their COMMIT; are committed; are acknowledged.
  'sender.send',
  'sender.outcome',
  'sender.record',
  'sender.ack',
  // What cannot be read is kept, and still in the stream; what a dead sender had is swept, and no dispatcher was told.
  'sender.keep',
  'sender.sweep',
  // It has leased what was delivered, and is pending.
  'sender.lease',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

const STANDARD_ERROR = 2;

let armed: { readonly point: string; left: number } | null = null;

/** The process shall kill itself when it reaches the point for the `count`-th time. */
export function armCrashPoint(at: { readonly point: string; readonly count: number } | null): void {
  if (at !== null && !CRASH_POINTS.some((point) => point === at.point)) {
    throw new Error(`CRASH_AT: there is no crash point ${at.point}`);
  }
  armed = at && { point: at.point, left: at.count };
}

/** Does nothing, unless a test armed this point. */
export function crashPoint(point: CrashPoint): void {
  if (armed !== null && armed.point === point && --armed.left === 0) die(point);
}

function die(point: CrashPoint): void {
  // Nothing that is written later would leave the process.
  writeSync(STANDARD_ERROR, `dies at crash point ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}
