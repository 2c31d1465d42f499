import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { messageOf } from '../runtime/message-of.js';

/** On which the dispatchers of all processes listen. */
export const DISPATCH_CHANNEL = 'messages_due';

/** Between two of a process. Under load there would be one per commit, each a statement of its own that wakes every dispatcher. */
const PAUSE_MS = 5;

/** Tells the dispatchers of all processes that work was committed. Losing a nudge costs time, never an email. */
export abstract class DispatchNudge {
  abstract nudge(): void;
}

/**
 * Carries nudges across processes by NOTIFY, outside the transaction that caused them (a NOTIFY inside would
 * serialise all commits). The first goes at once, and those that come within the pause after it become one. What is lost, the
 * sweep finds.
 */
@Injectable()
export class NotifyNudge extends DispatchNudge {
  protected readonly logger = new Logger('Nudge');
  private isNotifying = false;
  private isWanted = false;

  constructor(@InjectDataSource() protected readonly dataSource: DataSource) {
    super();
  }

  nudge(): void {
    this.isWanted = true;
    if (!this.isNotifying) void this.notify();
  }

  private async notify(): Promise<void> {
    this.isNotifying = true;
    while (this.isWanted) {
      this.isWanted = false;
      await this.dataSource.query(`NOTIFY ${DISPATCH_CHANNEL}`).catch((error: unknown) => {
        this.logger.warn(`cannot nudge other processes: ${messageOf(error)}`);
      });
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
    this.isNotifying = false;
  }
}
