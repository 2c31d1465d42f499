import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { newId } from '../contracts/ids.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { EmailsRepository, type Presence } from '../messages/emails.repository.js';
import type { ClaimedEmail } from '../messages/judging.js';
import { crashPoint } from '../runtime/crash-point.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';
import { resultOf } from './failure-policy.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { TransportError } from './transports/transport.js';

/** A claim outlives three missed renewals; what a dead sender was sending is in doubt for this long at most. */
const LEASE_SECONDS = 30;
const RENEW_SECONDS = 10;
const SWEEP_SECONDS = 10;
/**
 * Every living sender has renewed its claims by then: after the database was away, and for a sender that has just
 * started, a lease that ended tells nothing before.
 */
const TOUCH_MS = 2 * RENEW_SECONDS * 1_000;

/** A claim's emails that have no recorded outcome yet. */
export interface OpenClaim {
  readonly id: string;
  open: number;
}

/** This sender's claims: made, renewed while anything is in flight, and dropped after the last outcome. */
@Injectable()
export class ClaimsService {
  private readonly logger = new Logger('Claims');
  private readonly presence: Presence = {
    id: newId(),
    sender: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
  };
  private readonly open = new Set<OpenClaim>();
  private inTouchSinceMs = 0;
  private renewedAtMs = 0;

  constructor(
    @Inject(senderConfig.KEY) private readonly config: SenderConfig,
    private readonly emails: EmailsRepository,
    private readonly outcomes: OutcomeRecorder,
    private readonly watch: LedgerWatchService,
    private readonly jobs: PeriodicJobs,
    private readonly nudge: DispatchNudge,
  ) {}

  start(): void {
    this.inTouchSinceMs = this.renewedAtMs = performance.now();
    const renewal = { name: 'claims-renew', everySeconds: RENEW_SECONDS, isSteady: true };
    this.jobs.add({ ...renewal, once: false, run: () => this.renew() });
    this.jobs.add({ name: 'claims-sweep', everySeconds: SWEEP_SECONDS, once: true, run: () => this.sweep() });
  }

  async claim(
    wanted: readonly { id: string; generation: number }[],
  ): Promise<{ claim: OpenClaim; emails: ClaimedEmail[] }> {
    const claim: OpenClaim = { id: newId(), open: 0 };
    const emails = await this.emails.claimForSending(wanted, claim.id, this.presence.sender, LEASE_SECONDS);
    claim.open = emails.filter(({ verdict }) => verdict === 'send').length;
    if (claim.open > 0) {
      this.open.add(claim);
      crashPoint('sender.claim');
    }
    return { claim, emails };
  }

  /** Those of the claims that have nothing open but these, one entry for each email. They end with them. */
  endingWith(closing: readonly OpenClaim[]): string[] {
    const counts = new Map<OpenClaim, number>();
    for (const claim of closing) counts.set(claim, (counts.get(claim) ?? 0) + 1);
    return [...counts].flatMap(([claim, count]) => (claim.open === count ? [claim.id] : []));
  }

  /** The outcomes of these are recorded; `ended` are the claims that were dropped with them. */
  close(closing: readonly OpenClaim[], ended: readonly string[]): void {
    for (const claim of closing) {
      claim.open -= 1;
      if (claim.open > 0) continue;
      this.open.delete(claim);
      if (!ended.includes(claim.id)) void this.outcomes.finish(claim.id);
    }
  }

  /** When nothing is open as well, so that we know that we are in touch. */
  private async renew(): Promise<void> {
    const open = [...this.open].map(({ id }) => id);
    await this.emails.renewClaims(this.presence, open, LEASE_SECONDS);
    const nowMs = performance.now();
    if (nowMs - this.renewedAtMs > TOUCH_MS) this.inTouchSinceMs = nowMs;
    this.renewedAtMs = nowMs;
  }

  private async sweep(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.inTouchSinceMs < TOUCH_MS || nowMs - this.renewedAtMs > TOUCH_MS) return;
    if (!(await this.watch.isTrusted())) return;
    const { ambiguousSends } = this.config;
    const error = new TransportError('ambiguous', 'the sender died while sending');
    const count = await this.emails.sweepExpiredClaims((attempts) => resultOf(error, attempts, ambiguousSends));
    if (count > 0) {
      crashPoint('sender.sweep');
      if (ambiguousSends === 'resend') this.nudge.nudge();
      const fate = ambiguousSends === 'confirm' ? 'are uncertain' : 'are sent again';
      this.logger.warn(`${count} emails of a sender that died ${fate}`);
    }
  }
}
