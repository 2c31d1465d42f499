export interface BackoffOptions {
  /** Shortest wait, and the unit that doubles. */
  baseMs: number;
  /** Longest wait. */
  capMs: number;
}

/**
 * Exponential back-off with full jitter: uniform between `baseMs` and a ceiling that doubles with each attempt (the first is 1).
 * The whole range is random, so that mails that failed together do not come back together.
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: BackoffOptions,
  random: () => number = Math.random,
): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.max(1, attempt));
  return Math.round(baseMs + random() * (ceilingMs - baseMs));
}
