import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdUpOf } from '../limits/hold-up.js';
import { HoldUpLog } from '../limits/hold-up-log.js';
import { type Lease, LimitsRepository } from '../limits/limits.repository.js';
import { backoffMs } from '../runtime/backoff.js';
import { messageOf } from '../runtime/message-of.js';
import type { TransportError } from './transports/transport.js';

/**
 * Tokens of a lease that nobody used within so long after its end are void: saved up, they would be a burst. A lease that
 * had ended when it came (limits.sql.ts gives credit) is as good for as long.
 */
const SLACK_MS = 100;
/** Tokens that come due closer together than this are handed out together: one claim in the ledger for all of them. */
const TICK_MS = 20;
/** How long a leave without a rate holds, before a quota or a rate that became known is noticed. */
const UNLIMITED_MS = 1_000;
/** Between two looks while the quota is spent. */
const DENIED_MS = 1_000;
const RETRY_MS = 500;
const PAUSE = { baseMs: 1_000, capMs: 30_000 };
const LOWER_EVERY_MS = 1_000;

/** A lease on this process's monotonic clock. */
interface Grant {
  startMs: number;
  stepMs: number;
  voidMs: number;
  count: number;
  used: number;
}

/**
 * When this sender may hand mail over, and how much: by the tokens that it leases from the cluster's limiter, and after
 * a provider that could not be used by a pause, then a single mail as a probe, then all of it.
 *
 * Nothing here is kept anywhere else. If we die, the rest of a lease, a tenth of a second's worth, is lost; while the
 * database is away there are no tokens, and nothing could be claimed either.
 */
@Injectable()
export class Pace {
  private readonly logger = new Logger('Pace');
  private grant: Grant | null = null;
  /** Leave that was not used and counts as used in the limiter. */
  private unused = 0;
  private isUnlimited = false;
  private unlimitedUntilMs = 0;
  private pausedUntilMs = 0;
  private failures = 0;
  private loweredAtMs = -LOWER_EVERY_MS;

  constructor(
    private readonly limits: LimitsRepository,
    private readonly holdUps: HoldUpLog,
  ) {}

  /** One mail at a time until the provider has taken or judged one again. */
  get isProbing(): boolean {
    return this.failures > 0;
  }

  /**
   * Waits for leave to send and returns for how many, at most `wanted`; 0: none yet, ask again. Leased is for as many as
   * are wanted `soon`: places become free one by one, and a lease for each would double the round trips.
   */
  async take(wanted: number, soon = wanted): Promise<number> {
    const pauseMs = this.pausedUntilMs - performance.now();
    if (pauseMs > 0) {
      await sleep(Math.min(pauseMs, RETRY_MS));
      return 0;
    }
    const nowMs = performance.now();
    if (nowMs < this.unlimitedUntilMs) return wanted;
    const { grant } = this;
    if (grant === null || isVoid(grant, nowMs)) {
      await this.lease(soon);
      return 0;
    }
    const due = Math.min(dueAt(grant, nowMs) - grant.used, wanted);
    if (due > 0) {
      grant.used += due;
      return due;
    }
    const nextMs = grant.startMs + grant.used * grant.stepMs;
    await sleep(Math.min(Math.max(nextMs - nowMs, TICK_MS), RETRY_MS));
    return 0;
  }

  /** So much of what `take` gave never reached the provider: the ledger said no. */
  giveBack(count: number): void {
    const grant = this.grant;
    if (grant !== null && grant.used >= count) grant.used -= count;
    else this.unused += count;
  }

  /** The provider did not take a mail: its token is used, and the quota is not. */
  refused(): void {
    this.unused += 1;
  }

  /** The provider answered for a mail, whether it took it or not. */
  answered(): void {
    if (this.failures === 0) return;
    this.failures = 0;
    this.logger.log('the provider answers again');
    void this.tell(this.limits.resume());
  }

  /** The provider takes nothing at the moment. */
  pause({ reason }: TransportError): void {
    if (performance.now() < this.pausedUntilMs) return;
    this.failures += 1;
    const pauseMs = backoffMs(this.failures, PAUSE);
    this.pausedUntilMs = performance.now() + pauseMs;
    this.logger.warn(`sending pauses for ${pauseMs} ms: ${reason}`);
    void this.tell(this.limits.pause(pauseMs, reason));
  }

  /** The provider takes less at the moment; where no rate is known that could be lowered, it is a pause. */
  throttled(error: TransportError): void {
    const nowMs = performance.now();
    if (this.isUnlimited) this.pause(error);
    if (nowMs - this.loweredAtMs < LOWER_EVERY_MS) return;
    this.loweredAtMs = nowMs;
    this.logger.warn(`slower: ${error.reason}`);
    void this.tell(this.limits.lowerRate());
  }

  private async lease(wanted: number): Promise<void> {
    if (this.grant !== null) this.unused += this.grant.count - this.grant.used;
    this.grant = null;
    const returned = this.unused;
    let lease: Lease;
    try {
      lease = await this.limits.lease(wanted, returned);
      this.unused -= returned;
      this.holdUps.observe(lease.count === 0 ? holdUpOf(await this.limits.status()) : null);
    } catch (error) {
      this.logger.warn(`no leave to send: ${messageOf(error)}`);
      await sleep(RETRY_MS);
      return;
    }
    const { count, startMs, stepMs } = lease;
    this.isUnlimited = stepMs === null;
    if (count === 0) await sleep(DENIED_MS);
    else if (stepMs === null) this.unlimitedUntilMs = performance.now() + UNLIMITED_MS;
    else this.grant = grantOf(count, stepMs, startMs);
  }

  private async tell(telling: Promise<void>): Promise<void> {
    await telling.catch((error: unknown) => this.logger.warn(`cannot tell the limiter: ${messageOf(error)}`));
  }
}

function grantOf(count: number, stepMs: number, inMs: number): Grant {
  const nowMs = performance.now();
  const startMs = nowMs + inMs;
  return { count, stepMs, startMs, voidMs: Math.max(nowMs, startMs + count * stepMs) + SLACK_MS, used: 0 };
}

/** How many of its tokens have come due. */
function dueAt({ startMs, stepMs, count }: Grant, nowMs: number): number {
  if (nowMs < startMs) return 0;
  return Math.min(count, Math.floor((nowMs - startMs) / stepMs) + 1);
}

function isVoid({ voidMs, count, used }: Grant, nowMs: number): boolean {
  return used >= count || nowMs > voidMs;
}
