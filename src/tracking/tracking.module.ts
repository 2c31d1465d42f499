import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { MessagesDataModule } from '../messages/messages-data.module.js';
import { SuppressionsDataModule } from '../suppressions/suppressions-data.module.js';
import { FetchRecorder } from './fetch-recorder.js';
import { TrackingController } from './tracking.controller.js';
import { UnsubscribeController } from './unsubscribe.controller.js';
import { UnsubscribeService } from './unsubscribe.service.js';

@Module({
  imports: [EventsModule, MessagesDataModule, SuppressionsDataModule],
  controllers: [TrackingController, UnsubscribeController],
  providers: [FetchRecorder, UnsubscribeService],
})
export class TrackingModule {}
