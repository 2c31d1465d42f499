import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { newId } from '../contracts/ids.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { rowsOf } from '../database/statement.js';
import type { EmailEvent } from './email-event.js';
import { EventsRepository } from './events.repository.js';
import { EventsService } from './events.service.js';
import { UnmatchedEvent } from './unmatched-event.entity.js';
import { DUE, PARK, POSTPONE, PURGE, REMOVE } from './unmatched-events.sql.js';

const RETRY_SECONDS = 2;
const RETRY_LIMIT = 200;
const PURGE_SECONDS = 3_600;
const KEPT_DAYS = 7;

/** An event as its reporter knows it: named by our id, or by the provider's alone. */
export type ReportedEvent = Omit<EmailEvent, 'emailId'> & { emailId: string | null };

/** Records reported events, and keeps those whose email is not known yet until it is, for seven days. */
@Injectable()
export class UnmatchedEventsService implements OnApplicationBootstrap {
  private readonly logger = new Logger('Events');

  constructor(
    @InjectRepository(UnmatchedEvent) private readonly unmatched: Repository<UnmatchedEvent>,
    private readonly repository: EventsRepository,
    private readonly events: EventsService,
    private readonly jobs: PeriodicJobs,
    private readonly database: DatabaseService,
  ) {}

  onApplicationBootstrap(): void {
    void this.database.ready.then(() => {
      const retry = { name: 'unmatched-events-retry', everySeconds: RETRY_SECONDS, run: () => this.retry() };
      const purge = { name: 'unmatched-events-purge', everySeconds: PURGE_SECONDS, run: () => this.purge() };
      for (const job of [retry, purge]) this.jobs.add({ ...job, once: true });
    });
  }

  /** Resolves when the event is committed, as an event or as one that waits for its email. */
  async recordOrKeep(reported: ReportedEvent): Promise<void> {
    if (await this.tryRecord(reported)) return;
    await this.unmatched.manager.query(PARK, [newId(), JSON.stringify(reported)]);
  }

  private async tryRecord(reported: ReportedEvent): Promise<boolean> {
    const emailId = reported.emailId ?? (await this.emailIdOf(reported.providerMessageId));
    if (emailId === null) return false;
    const result = await this.events.record({ ...reported, emailId });
    return result === 'recorded' || result === 'too_soon';
  }

  private async emailIdOf(providerMessageId: string | null): Promise<string | null> {
    if (providerMessageId === null) return null;
    const found = await this.repository.emailIdsOf([providerMessageId]);
    return found.get(providerMessageId) ?? null;
  }

  /** All that is due: what is still not matched is due later, so that the end is reached. */
  private async retry(): Promise<void> {
    while ((await this.retrySome()) === RETRY_LIMIT);
  }

  private async retrySome(): Promise<number> {
    const rows = await rowsOf<{ id: string; event: ReportedEvent & { occurredAt: string } }>(
      this.unmatched.manager,
      DUE,
      [RETRY_LIMIT],
    );
    if (rows.length === 0) return 0;
    const isRecorded = await Promise.all(
      rows.map(({ event }) => this.tryRecord({ ...event, occurredAt: new Date(event.occurredAt) })),
    );
    const idsWhere = (wanted: boolean) => rows.filter((_, index) => isRecorded[index] === wanted).map(({ id }) => id);
    await this.unmatched.manager.query(REMOVE, [idsWhere(true)]);
    await this.unmatched.manager.query(POSTPONE, [idsWhere(false)]);
    return rows.length;
  }

  private async purge(): Promise<void> {
    const rows = await rowsOf<{ id: string }>(this.unmatched.manager, PURGE, [KEPT_DAYS]);
    if (rows.length > 0) this.logger.warn(`${rows.length} events were never matched and are dropped after 7 days`);
  }
}
