import type { Result } from '../messages/emails.repository.js';
import { backoffMs } from '../runtime/backoff.js';
import type { TransportError } from './transports/transport.js';

const BACKOFF = { baseMs: 1_000, capMs: 600_000 };

/**
 * With full jitter up to 10 minutes an attempt comes every 5 minutes on average, so that this many span a day; after
 * that the receiver's temporary failure is taken for a permanent one.
 */
const MAX_ATTEMPTS = 300;

/** What the ledger shall say of an email whose send failed. `attempt` is 1 for the first. */
export function resultOf(error: TransportError, attempt: number, ambiguousSends: 'confirm' | 'resend'): Result {
  const { kind, reason } = error;
  switch (kind) {
    case 'permanent':
      return { state: 'failed', reason };
    case 'ambiguous':
      if (ambiguousSends === 'confirm') return { state: 'uncertain', reason };
      return later(reason, attempt);
    case 'temporary':
      return later(reason, attempt);
    case 'throttled':
    case 'unavailable':
      return { state: 'pending', reason, delayMs: backoffMs(1, BACKOFF), isAttempt: false };
  }
}

function later(reason: string, attempt: number): Result {
  if (attempt >= MAX_ATTEMPTS) return { state: 'failed', reason: `gave up after ${attempt} attempts; ${reason}` };
  return { state: 'pending', reason, delayMs: backoffMs(attempt, BACKOFF), isAttempt: true };
}
