import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerService } from './ledger.service.js';
import { RemovedCounters } from './removed-counters.entity.js';
import { TopicBucket } from './topic-bucket.entity.js';
import { TopicCounters } from './topic-counters.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([TopicCounters, TopicBucket, RemovedCounters])],
  providers: [LedgerService],
  exports: [LedgerService, TypeOrmModule],
})
export class LedgerModule {}
