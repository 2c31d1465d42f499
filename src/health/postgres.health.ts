import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { DatabaseService } from '../database/database.service.js';

const PING_TIMEOUT_MS = 1_000;

/** Up once the database answers and its schema is migrated. The answer names no host and no error of the driver. */
@Injectable()
export class PostgresHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly typeOrm: TypeOrmHealthIndicator,
    private readonly database: DatabaseService,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('postgres');
    if (!this.database.isReady) return session.down({ reason: 'not connected yet' });
    const result = await this.typeOrm.pingCheck('postgres', { timeout: PING_TIMEOUT_MS });
    return result.postgres.status === 'up' ? session.up() : session.down({ reason: 'does not answer' });
  }
}
