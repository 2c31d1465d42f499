import type { ParsedSesEvent } from './ses-event.js';

/** Takes what the webhook has verified and parsed; bound by the application. */
export abstract class SesEventSink {
  /**
   * Resolves when the event is durable, since SNS is then told to forget it, and rejects with the database's error when
   * it could not be. The same `snsMessageId` a second time has no second effect.
   */
  abstract record(event: ParsedSesEvent, snsMessageId: string): Promise<'recorded' | 'ignored'>;
}
