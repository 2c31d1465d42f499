import type { LimitsStatus } from './limits.repository.js';

/** What is urgent passes what waits in the ledger, and in the stream it waits behind so much. */
const SECONDS = 2;
/** At rates of less than two a second, so that senders do not idle between two looks at the stream. */
const FLOOR = 4;

/**
 * How many emails the stream may hold for our sender: two seconds of the rate, and nothing that the quota does not cover,
 * so that what has to wait for it waits in the ledger. `most` where no rate is known.
 */
export function highWaterOf({ rate, leftToday, isSendingEnabled }: LimitsStatus, most: number): number {
  if (!isSendingEnabled) return 0;
  const ofRate = rate === null ? most : Math.max(FLOOR, Math.floor(rate * SECONDS));
  return Math.min(most, ofRate, leftToday ?? Infinity);
}
