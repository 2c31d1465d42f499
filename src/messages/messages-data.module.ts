import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LedgerModule } from '../ledger/ledger.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { BacklogRepository } from './backlog.repository.js';
import { Batch } from './batch.entity.js';
import { BatchesRepository } from './batches.repository.js';
import { DispatchedRepository } from './dispatched.repository.js';
import { Email } from './email.entity.js';
import { EmailControlRepository } from './email-control.repository.js';
import { EmailsRepository } from './emails.repository.js';
import { HoldsRepository } from './holds.repository.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { JudgingRepository } from './judging.repository.js';
import { Message } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { ProviderMessage } from './provider-message.entity.js';
import { RemovalSeal } from './removal-seal.entity.js';
import { RetriesRepository } from './retries.repository.js';
import { SenderClaim } from './sender-claim.entity.js';

/** The tables that messages/ owns, without HTTP: gateway and sender both read and write through these repositories. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Message, Batch, Email, IdempotencyKey, SenderClaim, ProviderMessage, RemovalSeal]),
    LedgerModule,
    SuppressionsDataModule,
  ],
  providers: [
    BacklogRepository,
    MessagesRepository,
    BatchesRepository,
    HoldsRepository,
    JudgingRepository,
    EmailsRepository,
    EmailControlRepository,
    RetriesRepository,
    DispatchedRepository,
    IdempotencyRepository,
  ],
  exports: [
    BacklogRepository,
    MessagesRepository,
    BatchesRepository,
    HoldsRepository,
    EmailsRepository,
    EmailControlRepository,
    RetriesRepository,
    DispatchedRepository,
    IdempotencyRepository,
  ],
})
export class MessagesDataModule {}
