import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { JetStreamService } from '../jetstream/jetstream.service.js';

/** Without JetStream submissions are stored all the same: degraded, not down. */
@Injectable()
export class JetStreamHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly jetstream: JetStreamService,
  ) {}

  check(): HealthIndicatorResult {
    const session = this.health.check('jetstream');
    const { state } = this.jetstream;
    return state.ready ? session.up() : session.degraded({ reason: state.reason });
  }
}
