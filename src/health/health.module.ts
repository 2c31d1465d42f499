import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JetStreamModule } from '../jetstream/jetstream.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { HealthController } from './health.controller.js';
import { WatchModule } from '../watch/watch.module.js';
import { JetStreamHealthIndicator } from './jetstream.health.js';
import { LedgerHealthIndicator } from './ledger.health.js';
import { PostgresHealthIndicator } from './postgres.health.js';
import { SendingHealthIndicator } from './sending.health.js';
import { SnsHealthIndicator } from './sns.health.js';
import { UncertainHealthIndicator } from './uncertain.health.js';

@Module({
  // Its logger would write an error line for each probe while the database is away; the database module says it once.
  imports: [TerminusModule.forRoot({ logger: false }), JetStreamModule, LimitsModule, MessagesDataModule, WatchModule],
  controllers: [HealthController],
  providers: [
    PostgresHealthIndicator,
    JetStreamHealthIndicator,
    LedgerHealthIndicator,
    SendingHealthIndicator,
    SnsHealthIndicator,
    UncertainHealthIndicator,
  ],
})
export class HealthModule {}
