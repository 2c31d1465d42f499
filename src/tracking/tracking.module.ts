import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { FetchRecorder } from './fetch-recorder.js';
import { TrackingController } from './tracking.controller.js';

@Module({
  imports: [EventsModule],
  controllers: [TrackingController],
  providers: [FetchRecorder],
})
export class TrackingModule {}
