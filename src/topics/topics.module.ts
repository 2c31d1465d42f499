import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { FinishForecast } from './finish-forecast.js';
import { SentCountsController } from './sent-counts.controller.js';
import { Topic } from './topic.entity.js';
import { TopicsController } from './topics.controller.js';
import { TopicsRepository } from './topics.repository.js';
import { TopicsService } from './topics.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Topic]), LedgerModule, LimitsModule, MessagesDataModule],
  controllers: [TopicsController, SentCountsController],
  providers: [FinishForecast, TopicsRepository, TopicsService],
})
export class TopicsModule {}
