import { AppError, validationFailed } from '../runtime/errors.js';

export type Interval = 'minute' | 'hour' | 'day';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How wide a bucket is, and how many are shown where the caller does not say. In UTC each is a whole number of the next. */
export const INTERVALS: Readonly<Record<Interval, { ms: number; shown: number }>> = {
  minute: { ms: MINUTE_MS, shown: 60 },
  hour: { ms: HOUR_MS, shown: 24 },
  day: { ms: 24 * HOUR_MS, shown: 30 },
};

/** Beyond them a moment is written with a sign and six digits, which few read. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59Z');

/** A chart shows no more, and an answer stays below a megabyte. */
export const MAX_BUCKETS = 2_000;

/** Whole buckets from `from` up to `to`, which is the end of the last. */
export interface Period {
  interval: Interval;
  from: Date;
  to: Date;
}

/** The buckets that hold both moments and what lies between. Throws where they are none or too many. */
export function periodOf(interval: Interval, from: Date | null, to: Date | null, now = Date.now()): Period {
  const { ms, shown } = INTERVALS[interval];
  const last = Math.floor((to?.getTime() ?? now) / ms) * ms;
  const first = from === null ? last - (shown - 1) * ms : Math.floor(from.getTime() / ms) * ms;
  if (first < EARLIEST_MS || last + ms > LATEST_MS)
    throw badPeriod('invalid_period', 'reaches beyond the years 1 to 9999');
  if (first > last) throw badPeriod('invalid_period', 'is later than "to"');
  const count = (last - first) / ms + 1;
  if (count > MAX_BUCKETS) throw badPeriod('too_many_buckets', `makes ${count} buckets of at most ${MAX_BUCKETS}`);
  return { interval, from: new Date(first), to: new Date(last + ms) };
}

/** The moments at which the buckets of a period begin. */
export function momentsOf({ interval, from, to }: Period): Date[] {
  const { ms } = INTERVALS[interval];
  const count = (to.getTime() - from.getTime()) / ms;
  return Array.from({ length: count }, (_, index) => new Date(from.getTime() + index * ms));
}

function badPeriod(code: string, detail: string): AppError {
  return validationFailed([{ pointer: '/from', code, detail }]);
}
