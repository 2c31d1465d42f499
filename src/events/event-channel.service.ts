import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { messageOf } from '../runtime/message-of.js';
import { EventChannel } from './event-channel.entity.js';
import { RAISE_CHANNEL } from './event-channel.sql.js';

/** One row of the database for all gateways: a write per event would be the slowest of all. */
const WRITE_INTERVAL_MS = 1_000;

/**
 * Remembers up to which moment the provider's events have come, so that a mail in doubt, whose event should have come
 * by then, may be sent again. After the commit of the events, at most once a second, and the last one always: what is
 * lost with us only lets such a mail wait for the next event.
 */
@Injectable()
export class EventChannelService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('EventChannel');
  private reportedUntil: Date | null = null;
  private isWritten = true;
  private timer: NodeJS.Timeout | null = null;

  constructor(@InjectRepository(EventChannel) private readonly channel: Repository<EventChannel>) {}

  raise(moment: Date): void {
    if (this.reportedUntil !== null && this.reportedUntil >= moment) return;
    this.reportedUntil = moment;
    this.isWritten = false;
    if (this.timer === null) this.writeAndWait();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.write();
  }

  private writeAndWait(): void {
    this.timer = setTimeout(() => {
      this.timer = null;
      if (!this.isWritten) this.writeAndWait();
    }, WRITE_INTERVAL_MS).unref();
    void this.write();
  }

  private async write(): Promise<void> {
    if (this.isWritten) return;
    this.isWritten = true;
    try {
      await this.channel.query(RAISE_CHANNEL, [this.reportedUntil]);
    } catch (error) {
      this.isWritten = false;
      this.logger.warn(`cannot be recorded: ${messageOf(error)}`);
    }
  }
}
