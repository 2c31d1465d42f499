import { SesError } from './ses-error.js';

export interface SendLimits {
  /** Emails per second; enforced with a burst of one second's worth. */
  maxSendRate: number;
  /** -1: unlimited, as SES says it. */
  max24HourSend: number;
  /** Counted up by each accepted email; the simulator's day never ends. */
  sentLast24Hours: number;
  isSendingEnabled: boolean;
  enforcementStatus: 'HEALTHY' | 'PROBATION' | 'SHUTDOWN';
}

/** Above what a local run reaches. */
const DEFAULTS: SendLimits = {
  maxSendRate: 10_000,
  max24HourSend: 10_000_000,
  sentLast24Hours: 0,
  isSendingEnabled: true,
  enforcementStatus: 'HEALTHY',
};

/** What the account may send, and how much it has sent. */
export class SendingAccount {
  limits: SendLimits;
  private tokens: number;
  private filledAtMs = performance.now();

  constructor(limits: Partial<SendLimits> = {}) {
    this.limits = { ...DEFAULTS, ...limits };
    this.tokens = this.limits.maxSendRate;
  }

  /** Takes leave for an email to so many recipients, or throws SES's answer. */
  take(recipients: number): void {
    const { maxSendRate, max24HourSend, sentLast24Hours, isSendingEnabled, enforcementStatus } = this.limits;
    if (enforcementStatus === 'SHUTDOWN') throw new SesError(400, 'AccountSuspendedException', 'Account is suspended.');
    if (!isSendingEnabled) throw new SesError(400, 'SendingPausedException', 'Sending is paused for this account.');
    if (max24HourSend >= 0 && sentLast24Hours + recipients > max24HourSend) {
      throw new SesError(400, 'LimitExceededException', 'Daily message quota exceeded.');
    }
    const nowMs = performance.now();
    this.tokens = Math.min(maxSendRate, this.tokens + ((nowMs - this.filledAtMs) / 1_000) * maxSendRate);
    this.filledAtMs = nowMs;
    if (this.tokens < recipients) throw new SesError(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.');
    this.tokens -= recipients;
    this.limits.sentLast24Hours += recipients;
  }

  /** In the shape of GetAccount's answer. */
  describe(): object {
    const { maxSendRate, max24HourSend, sentLast24Hours, isSendingEnabled, enforcementStatus } = this.limits;
    return {
      DedicatedIpAutoWarmupEnabled: false,
      EnforcementStatus: enforcementStatus,
      ProductionAccessEnabled: true,
      SendingEnabled: isSendingEnabled,
      SendQuota: { Max24HourSend: max24HourSend, MaxSendRate: maxSendRate, SentLast24Hours: sentLast24Hours },
      SuppressionAttributes: { SuppressedReasons: ['BOUNCE', 'COMPLAINT'] },
    };
  }
}
