import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { JetStreamModule } from '../jetstream/jetstream.module.js';
import { LedgerState } from './ledger-state.entity.js';
import { LedgerStateRepository } from './ledger-state.repository.js';
import { LedgerWatchService } from './ledger-watch.service.js';

/** Of gateway and sender: whoever moves mail asks it. */
@Module({
  imports: [TypeOrmModule.forFeature([LedgerState]), JetStreamModule],
  providers: [LedgerStateRepository, LedgerWatchService],
  exports: [LedgerWatchService],
})
export class WatchModule {}
