import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { FinishForecast } from './finish-forecast.js';
import { SentCountsController } from './sent-counts.controller.js';
import { TopicsDataModule } from './topics-data.module.js';
import { TopicControlService } from './topic-control.service.js';
import { TopicsController } from './topics.controller.js';
import { TopicsRepository } from './topics.repository.js';
import { TopicsService } from './topics.service.js';

@Module({
  imports: [TopicsDataModule, LedgerModule, LimitsModule, MessagesDataModule],
  controllers: [TopicsController, SentCountsController],
  providers: [FinishForecast, TopicsRepository, TopicsService, TopicControlService],
})
export class TopicsModule {}
