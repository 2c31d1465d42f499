import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { PausesRepository } from './pauses.repository.js';
import { Topic } from './topic.entity.js';

/** What an operator decides about a topic, without HTTP: events/ pauses topics too. */
@Module({
  imports: [TypeOrmModule.forFeature([Topic]), MessagesDataModule],
  providers: [PausesRepository],
  exports: [PausesRepository],
})
export class TopicsDataModule {}
