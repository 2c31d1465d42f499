import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { messageOf } from '../runtime/message-of.js';

const CHANNEL = 'messages_due';
const RECONNECT_MS = 1_000;

/**
 * Carries nudges across processes by NOTIFY, outside the transaction that caused them (a NOTIFY inside would
 * serialise all commits). Nudges that meet while one is under way become one. What is lost, the sweep finds.
 */
@Injectable()
export class NotifyChannel extends DispatchNudge implements OnModuleDestroy {
  private readonly logger = new Logger('Nudge');
  private readonly stopping = new AbortController();
  private isNotifying = false;
  private isWanted = false;
  private onNudge: (() => void) | null = null;
  private connection: QueryRunner | null = null;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  nudge(): void {
    this.onNudge?.();
    this.isWanted = true;
    if (!this.isNotifying) void this.notify();
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
    await this.connection?.query(`UNLISTEN ${CHANNEL}`).catch(() => undefined);
  }

  private async notify(): Promise<void> {
    this.isNotifying = true;
    while (this.isWanted) {
      this.isWanted = false;
      await this.dataSource.query(`NOTIFY ${CHANNEL}`).catch((error: Error) => {
        this.logger.warn(`cannot nudge other processes: ${error.message}`);
      });
    }
    this.isNotifying = false;
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
      await client.query(`LISTEN ${CHANNEL}`);
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
