import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Removal } from '../ledger/ledger.service.js';
import { LOWEST_ID, type Month, MonthsRepository } from './months.repository.js';
import type { Steps } from './steps.js';
import { countsOf, type IdRange, isOver, Survey } from './survey.js';

/** Rows per statement: some hundred milliseconds, for which nobody waits. */
const ROWS_PER_STEP = 10_000;
const MESSAGES_PER_STEP = 1_000;
/** Each is at most 0.1 s per table, for which others may wait too. */
const LOCK_TRIES = 10;

/** The sums of many steps, by key. */
class Sums<Entry extends { count: number }> {
  private readonly entries = new Map<string, Entry>();

  add(key: string, entry: Entry): void {
    const known = this.entries.get(key);
    if (known) known.count += entry.count;
    else this.entries.set(key, { ...entry });
  }

  all(): Entry[] {
    return [...this.entries.values()];
  }
}

/**
 * Removes a month whole: what is in it is counted while nobody can change it, and then its tables are dropped, which costs
 * the same for a million emails as for one.
 *
 * sealed (events of it find no email, nothing of it is sent again) → those who began before have ended → all of it is
 * found finished and past, and counted → dropped, with its counts → its messages removed, step by step → unsealed.
 *
 * If we die before the drop, nothing has happened but the seal, and the next run begins anew; behind it, the next run
 * removes the rest of the messages, which no read has shown since the seal. What is not finished, or could not be locked,
 * unseals the month: events that found no email meanwhile were parked, and are applied.
 */
@Injectable()
export class MonthRemoval {
  private readonly logger = new Logger('Retention');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly months: MonthsRepository,
    private readonly survey: Survey,
  ) {}

  /** What an earlier run had begun. */
  async finish(steps: Steps): Promise<void> {
    const sealed = await this.months.sealed();
    if (sealed === null) return;
    const all = await this.months.past(new Date());
    if (!all.some(({ first }) => first === sealed.first)) await this.removeMessages(sealed, steps);
    await this.months.unseal(sealed.token);
  }

  /** `kept`: not all of it is finished and past; `busy`: to be tried again soon. */
  async remove(month: Month, cutoff: Date, steps: Steps): Promise<'removed' | 'kept' | 'busy'> {
    const token = await this.months.seal(month);
    let isDropped = false;
    try {
      if (!(await this.insist(() => this.months.waitForWriters(month), steps))) return 'busy';
      const removal = await this.count(month, cutoff, steps);
      if (removal === null) return 'kept';
      await this.each(month, steps, (rest) => this.months.forgetProviderIds(rest, ROWS_PER_STEP));
      if (!(await this.insist(() => this.months.drop(month, token, removal), steps))) return 'busy';
      isDropped = true;
    } finally {
      if (!isDropped) await this.months.unseal(token);
    }
    await this.removeMessages(month, steps);
    await this.months.unseal(token);
    this.logger.log(`the month ${month.name} is removed`);
    return 'removed';
  }

  /** Null as soon as something is found that has to stay. */
  private async count(month: Month, cutoff: Date, steps: Steps): Promise<Removal | null> {
    const counts = new Sums<Removal['counts'][number]>();
    const dispatched = new Sums<Removal['dispatched'][number]>();
    let isAllOver = true;
    await this.each(month, steps, async (rest) => {
      const surveyed = await this.survey.of(this.dataSource.manager, [rest], ROWS_PER_STEP, cutoff);
      isAllOver = surveyed.every(isOver);
      if (!isAllOver) return null;
      for (const entry of countsOf(surveyed)) counts.add(`${entry.topicId} ${entry.column}`, entry);
      const read = surveyed.reduce((sum, { emails }) => sum + emails, 0);
      return read < ROWS_PER_STEP ? null : surveyed.map(({ last_id }) => last_id).toSorted()[surveyed.length - 1];
    });
    if (!isAllOver) return null;
    await this.each(month, steps, async (rest) => {
      const found = await this.months.firstDispatches(month, rest.first, ROWS_PER_STEP);
      isAllOver = !found.hasOthers;
      if (!isAllOver) return null;
      for (const entry of found.dispatched) dispatched.add(`${entry.topicId} ${entry.hour.getTime()}`, entry);
      return found.last;
    });
    if (!isAllOver) return null;
    return { counts: counts.all(), dispatched: dispatched.all() };
  }

  private async removeMessages(month: IdRange, steps: Steps): Promise<void> {
    let after: string | null = LOWEST_ID;
    while (after !== null) {
      const from: string = after;
      after = await steps.take(() => this.months.removeMessages(month, from, MESSAGES_PER_STEP));
    }
  }

  /** One step after the other, each behind the last id of the one before, which it returns; null ends it. */
  private async each(month: IdRange, steps: Steps, work: (rest: IdRange) => Promise<string | null>): Promise<void> {
    let first: string | null = month.first;
    while (first !== null) {
      const rest: IdRange = { first, behind: month.behind };
      const last: string | null = await steps.take(() => work(rest));
      first = last === null ? null : idAfter(last);
    }
  }

  private async insist(tryOnce: () => Promise<boolean>, steps: Steps): Promise<boolean> {
    for (let tries = 0; tries < LOCK_TRIES; tries++) if (await steps.take(tryOnce)) return true;
    return false;
  }
}

/** The next id as a number: ids are compared as such. */
function idAfter(id: string): string {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0');
  return next.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
