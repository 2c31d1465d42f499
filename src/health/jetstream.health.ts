import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { QueueConsumer } from '../jetstream/consumer.js';
import { JetStreamService } from '../jetstream/jetstream.service.js';

/** Without JetStream submissions are stored all the same: degraded, not down. */
@Injectable()
export class JetStreamHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly jetstream: JetStreamService,
    private readonly consumer: QueueConsumer,
  ) {}

  check(): HealthIndicatorResult {
    const session = this.health.check('jetstream');
    const { state } = this.jetstream;
    const reason = state.ready ? this.consumer.fault : state.reason;
    return reason === null ? session.up() : session.degraded({ reason });
  }
}
