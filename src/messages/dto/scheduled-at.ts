import { Temporal } from 'temporal-polyfill';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A client's clock and its queue may be this late; anything older is a mistake, and would be sent at once. */
export const MAX_PAST_MS = HOUR_MS;
export const MAX_AHEAD_MS = 365 * DAY_MS;

/** Longer than any date-time that we read. */
const MAX_CHARACTERS = 40;

/** ISO 8601, extended format; seconds, their fraction and the offset may be left out. */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?$/i;

export interface DateTimeFault {
  code: 'invalid_datetime' | 'too_past' | 'too_far';
  detail: string;
}

/**
 * The instant that a text means. Without an offset it is a local time of `timezone`: refused in the gap of a clock put
 * forward, since it never happens; in the overlap of a clock put back the earlier of its two instants counts.
 */
export function parseScheduledAt(text: string, timezone: string, now: number): Date | DateTimeFault {
  const instant = parseDateTime(text, timezone);
  if (!(instant instanceof Date)) return instant;
  if (instant.getTime() < now - MAX_PAST_MS) return { code: 'too_past', detail: 'is more than one hour in the past' };
  if (instant.getTime() > now + MAX_AHEAD_MS) return { code: 'too_far', detail: 'is more than 365 days ahead' };
  return instant;
}

/** The instant that a text means, wherever it lies. */
export function parseDateTime(text: string, timezone: string): Date | DateTimeFault {
  const match = text.length > MAX_CHARACTERS ? null : DATE_TIME.exec(text);
  if (match === null) return invalid('must be an ISO 8601 date and time, such as 2030-01-31T09:30:00Z');
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  let local: Temporal.PlainDateTime;
  try {
    const fields = { year, month, day, hour, minute, second, millisecond };
    // A leap second would be read as :59.
    if (second === 60) return invalid('is a leap second, which cannot be scheduled');
    local = Temporal.PlainDateTime.from(fields, { overflow: 'reject' });
  } catch {
    return invalid('is a date or a time that does not exist');
  }
  const zoned = local.toZonedDateTime(zoneOf(match[8], timezone), { disambiguation: 'earlier' });
  if (!zoned.toPlainDateTime().equals(local)) return invalid(`does not exist in ${timezone}: the clock skips it`);
  return new Date(zoned.epochMilliseconds);
}

/** Temporal takes an offset for a zone, in the form `+01:00`. */
function zoneOf(offset: string | undefined, timezone: string): string {
  if (offset === undefined) return timezone;
  if (offset.toUpperCase() === 'Z') return 'UTC';
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  return `${offset[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function invalid(detail: string): DateTimeFault {
  return { code: 'invalid_datetime', detail };
}
