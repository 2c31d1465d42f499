import type { LimitsStatus } from './limits.repository.js';

/** Why nothing is sent at the moment, for people. */
export interface HoldUp {
  reason: string;
  /** null: nobody knows; the provider is asked every half minute. */
  until: Date | null;
}

/** null: mail is being sent, or could be. */
export function holdUpOf(status: LimitsStatus): HoldUp | null {
  if (!status.isSendingEnabled) return { reason: 'the provider does not let this account send', until: null };
  if (status.leftToday === 0) {
    return { reason: `the quota of ${status.quota} emails in 24 hours is spent`, until: status.quotaReturnsAt };
  }
  if (status.pauseReason !== null) {
    return { reason: `the provider cannot be used: ${status.pauseReason}`, until: status.pausedUntil };
  }
  return null;
}

export function holdUpText({ reason, until }: HoldUp): string {
  return until === null ? `${reason}; asked again every half minute` : `${reason}; until ${until.toISOString()}`;
}
