import { Module } from '@nestjs/common';
import { JetStreamService } from './jetstream.service.js';
import { Publisher } from './publisher.js';
import { QueueConsumer } from './consumer.js';

@Module({
  providers: [JetStreamService, Publisher, QueueConsumer],
  exports: [JetStreamService, Publisher, QueueConsumer],
})
export class JetStreamModule {}
