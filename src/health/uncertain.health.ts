import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { DatabaseService } from '../database/database.service.js';
import { RetriesRepository } from '../messages/retries.repository.js';

/** Mail of which nobody knows whether it was sent, and whose event is overdue: somebody has to look at it. */
@Injectable()
export class UncertainHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly database: DatabaseService,
    private readonly retries: RetriesRepository,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('uncertain');
    if (!this.database.isReady) return session.up();
    // The other indicator says that the database is away.
    const count = await this.retries.countUncertain().catch(() => 0);
    return count === 0 ? session.up() : session.degraded({ reason: `${count} emails are uncertain` });
  }
}
