import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Email } from '../messages/email.entity.js';
import { EmailControlService } from '../messages/email-control.service.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { EmailLogRepository } from './email-log.repository.js';
import { EmailsController } from './emails.controller.js';
import { EventsModule } from './events.module.js';

/** The log of emails with their events; apart from `EventsModule`, which the sender imports, and which has no routes. */
@Module({
  imports: [TypeOrmModule.forFeature([Email]), MessagesDataModule, EventsModule],
  controllers: [EmailsController],
  providers: [EmailLogRepository, EmailControlService],
})
export class EmailsModule {}
