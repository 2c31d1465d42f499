import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { TopicsDataModule } from '../topics/topics-data.module.js';
import { BreakerService } from './breaker.service.js';
import { Event } from './event.entity.js';
import { EventChannel } from './event-channel.entity.js';
import { EventChannelService } from './event-channel.service.js';
import { EventsRepository } from './events.repository.js';
import { EventsService } from './events.service.js';
import { UnmatchedEvent } from './unmatched-event.entity.js';
import { UnmatchedEventsService } from './unmatched-events.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Event, EventChannel, UnmatchedEvent]),
    LedgerModule,
    SuppressionsDataModule,
    MessagesDataModule,
    TopicsDataModule,
  ],
  providers: [EventsRepository, EventsService, EventChannelService, BreakerService, UnmatchedEventsService],
  exports: [EventsRepository, EventsService, UnmatchedEventsService],
})
export class EventsModule {}
