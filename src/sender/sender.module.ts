import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppConfigModule } from '../config/config.module.js';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { DatabaseModule } from '../database/database.module.js';
import { HealthModule } from '../health/health.module.js';
import { JetStreamModule } from '../jetstream/jetstream.module.js';
import { DispatchNudge, NotifyNudge } from '../messages/dispatch-nudge.js';
import { LimitsModule } from '../limits/limits.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { WatchModule } from '../watch/watch.module.js';
import { AccountRefresh } from './account-refresh.js';
import { ClaimsService } from './claims.service.js';
import { DeadLetter } from './dead-letter.entity.js';
import { DeadLettersService } from './dead-letters.service.js';
import { MessageContents } from './message-contents.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { Pace } from './pace.js';
import { SenderService } from './sender.service.js';
import { ACCOUNT_READER, accountReaderFor } from './transports/account-reader.js';
import { UncertainService } from './uncertain.service.js';
import { UnsettledDeliveries } from './unsettled-deliveries.js';
import { transportFor } from './transports/transport.factory.js';
import { TRANSPORT } from './transports/transport.js';

/** The sender: no API, only its probes. */
@Module({
  imports: [
    AppConfigModule.forProcess('sender'),
    ScheduleModule.forRoot(),
    DatabaseModule.forProcess('messages-sender'),
    MessagesDataModule,
    JetStreamModule,
    HealthModule,
    LimitsModule,
    WatchModule,
    TypeOrmModule.forFeature([DeadLetter]),
  ],
  providers: [
    { provide: DispatchNudge, useClass: NotifyNudge },
    OutcomeRecorder,
    ClaimsService,
    UnsettledDeliveries,
    DeadLettersService,
    Pace,
    AccountRefresh,
    MessageContents,
    SenderService,
    UncertainService,
    { provide: TRANSPORT, inject: [senderConfig.KEY], useFactory: (config: SenderConfig) => transportFor(config) },
    {
      provide: ACCOUNT_READER,
      inject: [senderConfig.KEY],
      useFactory: (config: SenderConfig) => accountReaderFor(config),
    },
  ],
})
export class SenderModule {}
