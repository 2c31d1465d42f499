import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import {
  CLAIM_REFRESH,
  CONFIGURE,
  LEASE,
  LOWER_RATE,
  PAUSE,
  QUOTA_RETURN,
  REPORT,
  RESUME,
  STATUS,
} from './limits.sql.js';
import { SendLimits } from './send-limits.entity.js';

/** Leave to send `count` emails, one each `stepMs` from `startMs` on (from now; below 0 when it has begun). */
export interface Lease {
  /** 0: the quota is spent, or the account may not send. */
  count: number;
  startMs: number;
  /** null: nothing limits the rate. */
  stepMs: number | null;
}

/** What the provider says of the account; null is no limit. */
export interface Account {
  ratePerSecond: number | null;
  quota: { max24h: number; sent24h: number } | null;
  isSendingEnabled: boolean;
}

export interface LimitsStatus {
  /** Emails per second at this moment; null: not limited, or not known. */
  rate: number | null;
  /** What is left of the quota; null: there is none. */
  leftToday: number | null;
  quota: number | null;
  isSendingEnabled: boolean;
  /** When the first part of our own use returns to the quota; null when we know of none. */
  quotaReturnsAt: Date | null;
  /** A sender could not use the provider and waits until then; null: none does. */
  pausedUntil: Date | null;
  pauseReason: string | null;
}

/** The cluster's one limiter. Database time alone, so that no two clocks have to agree. */
@Injectable()
export class LimitsRepository {
  constructor(@InjectRepository(SendLimits) private readonly limits: Repository<SendLimits>) {}

  /** `unused`: emails of earlier leases that were not sent. */
  async lease(wanted: number, unused: number): Promise<Lease> {
    const rows = await this.rows<{ count: number; start_ms: number; step_ms: number | null }>(LEASE, [wanted, unused]);
    const [{ count, start_ms: startMs, step_ms: stepMs }] = rows;
    return { count, startMs, stepMs };
  }

  /** The provider has throttled. */
  async lowerRate(): Promise<void> {
    await this.rows(LOWER_RATE, []);
  }

  /** What this sender was started with. Without an account's report an earlier transport's is forgotten. */
  async configure(ratePerSecond: number | null, hasAccount: boolean): Promise<void> {
    await this.rows(CONFIGURE, [ratePerSecond, hasAccount]);
  }

  /** A number for `report` when this sender shall ask the provider; null when another one has or it is too soon. */
  async claimRefresh(): Promise<number | null> {
    const [claimed] = await this.rows<{ granted: number }>(CLAIM_REFRESH, []);
    return claimed?.granted ?? null;
  }

  async report({ ratePerSecond, quota, isSendingEnabled }: Account, grantedBefore: number): Promise<void> {
    const { max24h = null, sent24h = null } = quota ?? {};
    await this.rows(REPORT, [ratePerSecond, max24h, sent24h, isSendingEnabled, grantedBefore]);
  }

  async pause(forMs: number, reason: string): Promise<void> {
    await this.rows(PAUSE, [forMs, reason]);
  }

  async resume(): Promise<void> {
    await this.rows(RESUME, []);
  }

  async status(): Promise<LimitsStatus> {
    const [row] = await this.rows<Record<string, never>>(STATUS, []);
    return {
      rate: row.rate,
      leftToday: row.left_today,
      quota: row.quota,
      isSendingEnabled: row.is_sending_enabled,
      quotaReturnsAt: row.quota_returns_at,
      pausedUntil: row.paused_until,
      pauseReason: row.pause_reason,
    };
  }

  /** When so many emails that we sent have returned to the quota; null when we know of fewer. */
  async quotaReturn(count: number): Promise<Date | null> {
    const [row] = await this.rows<{ at: Date }>(QUOTA_RETURN, [count]);
    return row?.at ?? null;
  }

  private rows<Row>(statement: string, parameters: unknown[]): Promise<Row[]> {
    return rowsOf<Row>(this.limits.manager, statement, parameters);
  }
}
