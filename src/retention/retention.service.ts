import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { retentionConfig, type RetentionConfig } from '../config/retention.config.js';
import { rowsOf } from '../database/statement.js';
import { ContentsRepository } from './contents.repository.js';
import { MonthRemoval } from './month-removal.js';
import { LOWEST_ID, MonthsRepository } from './months.repository.js';
import { PastMessagesRepository } from './past-messages.repository.js';
import { Retention } from './retention.entity.js';
import { ARE_MONTHS_DUE, CUTOFF, POSTPONE_MONTHS } from './retention.sql.js';
import { Interrupted, Steps } from './steps.js';
import type { IdRange } from './survey.js';

/** What has to stay is looked at again then: each look may read all of a month. */
const LOOK_AGAIN_HOURS = 24;
const BUSY_HOURS = 1;

/** Removes what was kept for long enough. One replica of all runs at a time. */
@Injectable()
export class RetentionService implements OnModuleDestroy {
  private readonly logger = new Logger('Retention');
  private readonly steps = new Steps();

  constructor(
    @Inject(retentionConfig.KEY) private readonly config: RetentionConfig,
    @InjectRepository(Retention) private readonly retention: Repository<Retention>,
    private readonly contents: ContentsRepository,
    private readonly months: MonthsRepository,
    private readonly monthRemoval: MonthRemoval,
    private readonly pastMessages: PastMessagesRepository,
  ) {}

  onModuleDestroy(): void {
    this.steps.stop();
  }

  async run(): Promise<void> {
    try {
      await this.removeContents();
      await this.removeMonths();
    } catch (error) {
      // What is done is done; the next run, here or elsewhere, takes the rest.
      if (!(error instanceof Interrupted)) throw error;
      this.logger.log('interrupted; goes on with the next run');
    }
  }

  private async removeContents(): Promise<void> {
    const days = this.config.contentDays;
    const cutoff = await this.cutoff(days);
    if (cutoff === null) return;
    while (await this.steps.take(() => this.contents.advance(days, cutoff)));
    while (await this.steps.take(() => this.contents.advancePostponed(days, cutoff)));
  }

  private async removeMonths(): Promise<void> {
    await this.monthRemoval.finish(this.steps);
    const cutoff = await this.cutoff(this.config.eventDays);
    if (cutoff === null) return;
    const [{ due }] = await rowsOf<{ due: boolean }>(this.retention.manager, ARE_MONTHS_DUE, []);
    if (!due) return;
    const [oldest] = await this.months.past(new Date());
    // What no month holds: a clock was off, or its month is gone.
    if (oldest) await this.removePast({ first: LOWEST_ID, behind: oldest.first }, cutoff);
    let isBusy = false;
    for (const month of await this.months.past(cutoff)) {
      const result = await this.monthRemoval.remove(month, cutoff, this.steps);
      if (result === 'kept') await this.removePast(month, cutoff);
      isBusy ||= result === 'busy';
    }
    await this.retention.manager.query(POSTPONE_MONTHS, [isBusy ? BUSY_HOURS : LOOK_AGAIN_HOURS]);
  }

  private async removePast(range: IdRange, cutoff: Date): Promise<void> {
    let after: string | null = LOWEST_ID;
    while (after !== null) {
      const from: string = after;
      after = await this.steps.take(() => this.pastMessages.removeSome(range, from, cutoff));
    }
  }

  /** Null where nothing is old enough yet, or everything is kept for ever. */
  private async cutoff(days: number): Promise<Date | null> {
    if (days === 0) return null;
    const [{ cutoff }] = await rowsOf<{ cutoff: Date | null }>(this.retention.manager, CUTOFF, [days]);
    return cutoff;
  }
}
