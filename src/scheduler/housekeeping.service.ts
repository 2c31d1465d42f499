import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PARTITION_MONTHS_AHEAD } from '../database/migrator.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { IdempotencyRepository } from '../messages/idempotency.repository.js';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/** What has to be done now and then, by one replica. */
@Injectable()
export class HousekeepingService implements OnApplicationBootstrap {
  constructor(
    @Inject(schedulerConfig.KEY) private readonly config: SchedulerConfig,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly database: DatabaseService,
    private readonly jobs: PeriodicJobs,
    private readonly idempotency: IdempotencyRepository,
    private readonly ledger: LedgerService,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.enabled) return;
    void this.database.ready.then(() => {
      this.jobs.add({
        name: 'idempotency-keys-purge',
        everySeconds: HOUR_SECONDS,
        once: true,
        run: () => this.idempotency.purge(),
      });
      this.jobs.add({
        name: 'partitions-ensure',
        everySeconds: HOUR_SECONDS,
        once: true,
        run: () => this.dataSource.query('SELECT ensure_partitions($1)', [PARTITION_MONTHS_AHEAD]),
      });
      this.jobs.add({
        name: 'addresses-summarize',
        everySeconds: MINUTE_SECONDS,
        once: true,
        run: () => this.dataSource.query('SELECT summarize_addresses()'),
      });
      this.jobs.add({
        name: 'buckets-fold',
        everySeconds: HOUR_SECONDS,
        once: true,
        run: () => this.ledger.foldBuckets(),
      });
    });
  }
}
