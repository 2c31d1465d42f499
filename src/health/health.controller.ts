import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { Public } from '../http/public.decorator.js';
import { JetStreamHealthIndicator } from './jetstream.health.js';
import { LedgerHealthIndicator } from './ledger.health.js';
import { PostgresHealthIndicator } from './postgres.health.js';
import { SendingHealthIndicator } from './sending.health.js';
import { SnsHealthIndicator } from './sns.health.js';
import { UncertainHealthIndicator } from './uncertain.health.js';

/** Probes for Kubernetes. `live` looks at this process alone: a database that is away is no reason to restart it. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly postgres: PostgresHealthIndicator,
    private readonly jetstream: JetStreamHealthIndicator,
    private readonly ledger: LedgerHealthIndicator,
    private readonly sending: SendingHealthIndicator,
    private readonly sns: SnsHealthIndicator,
    private readonly uncertain: UncertainHealthIndicator,
  ) {}

  @Get('live')
  @Public()
  @HealthCheck()
  @ApiOperation({ summary: 'Whether the process runs; nothing else is looked at' })
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @Public()
  @HealthCheck()
  @ApiOperation({
    summary: 'Whether submissions can be stored; `degraded` while the queue is away, which only delays mail',
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.postgres.check(), () => this.jetstream.check()]);
  }

  @Get()
  @Public()
  @HealthCheck()
  @ApiOperation({
    summary:
      'What /health/ready says, and whether mail waits for an operator or the provider, is in doubt, and its results are heard of',
  })
  overall(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.postgres.check(),
      () => this.jetstream.check(),
      () => this.ledger.check(),
      () => this.sending.check(),
      () => this.sns.check(),
      () => this.uncertain.check(),
    ]);
  }
}
