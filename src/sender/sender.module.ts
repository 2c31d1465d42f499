import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AppConfigModule } from '../config/config.module.js';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { DatabaseModule } from '../database/database.module.js';
import { HealthModule } from '../health/health.module.js';
import { JetStreamModule } from '../jetstream/jetstream.module.js';
import { DispatchNudge, NotifyNudge } from '../messages/dispatch-nudge.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { ClaimsService } from './claims.service.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { SenderService } from './sender.service.js';
import { UncertainService } from './uncertain.service.js';
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
  ],
  providers: [
    { provide: DispatchNudge, useClass: NotifyNudge },
    OutcomeRecorder,
    ClaimsService,
    SenderService,
    UncertainService,
    { provide: TRANSPORT, inject: [senderConfig.KEY], useFactory: (config: SenderConfig) => transportFor(config) },
  ],
})
export class SenderModule {}
