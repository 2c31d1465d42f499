import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { CronJob } from 'cron';
import type { DataSource } from 'typeorm';
import { ADVISORY_LOCK } from './advisory-locks.js';
import { messageOf } from '../runtime/message-of.js';

export interface PeriodicJob {
  name: string;
  everySeconds: number;
  /** True where one replica of all suffices: the others skip this run. */
  once: boolean;
  /** A lease depends on it: cron goes by the wall clock, and each time that is set back leaves a run out. */
  isSteady?: boolean;
  run(): Promise<void>;
}

/** Registers named jobs that never overlap themselves and whose failures are logged and end with the run. */
@Injectable()
export class PeriodicJobs {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly registry: SchedulerRegistry,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  add(job: PeriodicJob): void {
    let isRunning = false;
    const tick = async () => {
      if (isRunning) return;
      isRunning = true;
      try {
        await (job.once ? this.runOnce(job) : job.run());
      } catch (error) {
        this.logger.error(`${job.name} failed: ${messageOf(error)}`);
      } finally {
        isRunning = false;
      }
    };
    const cronTime = job.isSteady ? null : cronExpression(job.everySeconds);
    if (cronTime) {
      const cron = CronJob.from({ cronTime, onTick: tick, timeZone: 'UTC' });
      this.registry.addCronJob(job.name, cron);
      cron.start();
    } else {
      this.registry.addInterval(
        job.name,
        setInterval(() => void tick(), job.everySeconds * 1000),
      );
    }
  }

  private async runOnce(job: PeriodicJob): Promise<void> {
    await this.dataSource.transaction(async (transaction) => {
      // The transaction only holds the lock; it may idle for as long as the job runs.
      await transaction.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      const [{ locked }] = await transaction.query<{ locked: boolean }[]>(
        'SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS locked',
        [ADVISORY_LOCK.periodicJobs, job.name],
      );
      if (locked) await job.run();
    });
  }
}

/**
 * A cron expression that fires every so many seconds, or null where cron has none: a step that does not divide the
 * minute or the hour starts over at each full one, so 45 seconds in the seconds field fires after 45 and after 15.
 */
export function cronExpression(seconds: number): string | null {
  if (seconds < 60) return 60 % seconds === 0 ? `*/${seconds} * * * * *` : null;
  if (seconds % 60 !== 0) return null;
  const minutes = seconds / 60;
  if (minutes < 60) return 60 % minutes === 0 ? `0 */${minutes} * * * *` : null;
  return minutes === 60 ? '0 0 * * * *' : null;
}
