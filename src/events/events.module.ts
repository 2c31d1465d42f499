import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { Event } from './event.entity.js';
import { EventsRepository } from './events.repository.js';
import { EventsService } from './events.service.js';
import { UnmatchedEvent } from './unmatched-event.entity.js';
import { UnmatchedEventsService } from './unmatched-events.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Event, UnmatchedEvent]), LedgerModule, SuppressionsDataModule],
  providers: [EventsRepository, EventsService, UnmatchedEventsService],
  exports: [EventsRepository, EventsService, UnmatchedEventsService],
})
export class EventsModule {}
