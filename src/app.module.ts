import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { AppConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EmailsModule } from './events/emails.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { LedgerGuard } from './http/ledger.guard.js';
import { ShutdownDelay } from './http/shutdown-delay.js';
import { MessagesModule } from './messages/messages.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { SchedulerModule } from './scheduler/scheduler.module.js';
import { SuppressionsModule } from './suppressions/suppressions.module.js';
import { TopicsModule } from './topics/topics.module.js';
import { TrackingModule } from './tracking/tracking.module.js';
import { SesEventsModule } from './webhooks/ses-events.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The gateway: HTTP and scheduler. */
@Module({
  imports: [
    AppConfigModule.forProcess('gateway'),
    ScheduleModule.forRoot(),
    DatabaseModule.forProcess('messages-gateway'),
    HttpModule,
    MessagesModule,
    TopicsModule,
    SchedulerModule,
    SuppressionsModule,
    RetentionModule,
    SesEventsModule,
    WebhooksModule,
    TrackingModule,
    EmailsModule,
    HealthModule,
  ],
  providers: [ShutdownDelay, { provide: APP_GUARD, useClass: LedgerGuard }],
})
export class AppModule {}
