import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { DryRunService } from './dry-run.service.js';
import { MessagesController } from './messages.controller.js';
import { MessagesDataModule } from './messages-data.module.js';
import { MessagesService } from './messages.service.js';
import { SubmissionCheck } from './submission-check.js';

/** `DispatchNudge` is bound by the application: whoever dispatches implements it. */
@Module({
  imports: [MessagesDataModule, LedgerModule, SuppressionsDataModule],
  controllers: [MessagesController],
  providers: [MessagesService, DryRunService, SubmissionCheck],
})
export class MessagesModule {}
