import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { JetStreamModule } from '../jetstream/jetstream.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { WatchModule } from '../watch/watch.module.js';
import { Dispatcher } from './dispatcher.js';
import { DueBatches } from './due-batches.js';
import { HousekeepingService } from './housekeeping.service.js';
import { Loads } from './loads.js';
import { NotifyChannel } from './notify-channel.js';
import { SchedulerService } from './scheduler.service.js';
import { StreamState } from './stream-state.entity.js';
import { StreamStateRepository } from './stream-state.repository.js';
import { StreamWatchService } from './stream-watch.service.js';

/** Global for the one port it implements: messages/ declares `DispatchNudge` and knows nothing of a scheduler. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forFeature([StreamState]),
    LedgerModule,
    LimitsModule,
    MessagesDataModule,
    SuppressionsDataModule,
    JetStreamModule,
    WatchModule,
  ],
  providers: [
    Dispatcher,
    DueBatches,
    Loads,
    SchedulerService,
    HousekeepingService,
    StreamStateRepository,
    StreamWatchService,
    NotifyChannel,
    { provide: DispatchNudge, useExisting: NotifyChannel },
  ],
  exports: [DispatchNudge],
})
export class SchedulerModule {}
