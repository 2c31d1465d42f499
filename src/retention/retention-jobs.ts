import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { ErasureService } from './erasure.service.js';
import { RetentionService } from './retention.service.js';

const RETENTION_SECONDS = 3_600;
/** Who asked to be erased waits no longer than that once a sender is done. */
const ERASURES_SECONDS = 5;

/** What retention does unasked, in one replica. */
@Injectable()
export class RetentionJobs implements OnApplicationBootstrap {
  constructor(
    @Inject(schedulerConfig.KEY) private readonly config: SchedulerConfig,
    private readonly retention: RetentionService,
    private readonly erasure: ErasureService,
    private readonly jobs: PeriodicJobs,
    private readonly database: DatabaseService,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.enabled) return;
    void this.database.ready.then(() => {
      const retention = { name: 'retention', everySeconds: RETENTION_SECONDS, run: () => this.retention.run() };
      const erasures = { name: 'erasures-finish', everySeconds: ERASURES_SECONDS, run: () => this.erasure.finish() };
      for (const job of [retention, erasures]) this.jobs.add({ ...job, once: true });
    });
  }
}
