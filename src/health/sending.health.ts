import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { holdUpOf } from '../limits/hold-up.js';
import { LimitsRepository } from '../limits/limits.repository.js';

/** Whether mail waits for the provider, and until when: it is delayed and none is lost, so never more than degraded. */
@Injectable()
export class SendingHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly limits: LimitsRepository,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('sending');
    // While the database is away its own indicator says so.
    const status = await this.limits.status().catch(() => null);
    const holdUp = status && holdUpOf(status);
    return holdUp ? session.degraded({ reason: holdUp.reason, until: holdUp.until }) : session.up();
  }
}
