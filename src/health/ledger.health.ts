import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';

/** A ledger that went back takes submissions and sends none until an operator has accepted it. */
@Injectable()
export class LedgerHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly watch: LedgerWatchService,
  ) {}

  check(): HealthIndicatorResult {
    const session = this.health.check('ledger');
    const { heldSince } = this.watch;
    return heldSince === null
      ? session.up()
      : session.degraded({ reason: 'it went back; see npm run ledger', since: heldSince });
  }
}
