import { Module } from '@nestjs/common';
import { JetStreamService } from './jetstream.service.js';
import { LedgerMarks } from './ledger-marks.js';
import { Publisher } from './publisher.js';
import { QueueConsumer } from './consumer.js';

@Module({
  providers: [JetStreamService, LedgerMarks, Publisher, QueueConsumer],
  exports: [JetStreamService, LedgerMarks, Publisher, QueueConsumer],
})
export class JetStreamModule {}
