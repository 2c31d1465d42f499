import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { QueryRunner } from 'typeorm';
import { DISPATCH_CHANNEL, NotifyNudge } from '../messages/dispatch-nudge.js';
import { messageOf } from '../runtime/message-of.js';

const RECONNECT_MS = 1_000;

/** The nudges' other end: this process's dispatcher hears its own at once, and those of all others. */
@Injectable()
export class NotifyChannel extends NotifyNudge implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  private onNudge: (() => void) | null = null;
  private connection: QueryRunner | null = null;

  override nudge(): void {
    this.onNudge?.();
    super.nudge();
  }

  /** Calls `onNudge` for nudges of this and of all other processes, until the module stops. */
  async listen(onNudge: () => void): Promise<void> {
    this.onNudge = onNudge;
    while (!this.stopping.signal.aborted) {
      try {
        await this.listenOnce(onNudge);
      } catch (error) {
        this.logger.warn(`cannot listen: ${messageOf(error)}`);
      }
      await sleep(RECONNECT_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.connection?.query(`UNLISTEN ${DISPATCH_CHANNEL}`).catch(() => undefined);
  }

  /** Holds one connection of the pool until it breaks or the module stops. */
  private async listenOnce(onNudge: () => void): Promise<void> {
    const connection = this.dataSource.createQueryRunner();
    const client = (await connection.connect()) as PoolClient;
    this.connection = connection;
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve);
      this.stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    client.on('notification', onNudge);
    try {
      await client.query(`LISTEN ${DISPATCH_CHANNEL}`);
      // What was committed while nobody listened.
      onNudge();
      await ended;
    } finally {
      client.off('notification', onNudge);
      this.connection = null;
      await connection.release();
    }
  }
}
