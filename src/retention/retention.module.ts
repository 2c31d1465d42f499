import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { RemovalSeal } from '../messages/removal-seal.entity.js';
import { ContentsRepository } from './contents.repository.js';
import { Erasure } from './erasure.entity.js';
import { ErasureService } from './erasure.service.js';
import { ErasuresRepository } from './erasures.repository.js';
import { MonthRemoval } from './month-removal.js';
import { MonthsRepository } from './months.repository.js';
import { PastMessagesRepository } from './past-messages.repository.js';
import { PostponedMessage } from './postponed-message.entity.js';
import { RecipientsController } from './recipients.controller.js';
import { Retention } from './retention.entity.js';
import { RetentionJobs } from './retention-jobs.js';
import { RetentionService } from './retention.service.js';
import { Survey } from './survey.js';

/** What is removed: by its age, and of a person on demand. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Retention, PostponedMessage, Erasure, RemovalSeal]),
    LedgerModule,
    MessagesDataModule,
  ],
  controllers: [RecipientsController],
  providers: [
    Survey,
    ContentsRepository,
    MonthsRepository,
    MonthRemoval,
    PastMessagesRepository,
    RetentionService,
    ErasuresRepository,
    ErasureService,
    RetentionJobs,
  ],
})
export class RetentionModule {}
