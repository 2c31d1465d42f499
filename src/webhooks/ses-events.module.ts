import { Global, Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { SesEventRecorder } from './ses-event.recorder.js';
import { SesEventSink } from './ses-event.sink.js';

/** Binds the webhook's port to the ledger. Apart from it, so that the webhook is tested over HTTP without a database. */
@Global()
@Module({
  imports: [EventsModule],
  providers: [{ provide: SesEventSink, useClass: SesEventRecorder }],
  exports: [SesEventSink],
})
export class SesEventsModule {}
