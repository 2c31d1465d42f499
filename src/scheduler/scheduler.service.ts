import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { DatabaseService } from '../database/database.service.js';
import { Dispatcher } from './dispatcher.js';
import { NotifyChannel } from './notify-channel.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { messageOf } from '../runtime/message-of.js';

/** The longest that setTimeout takes; beyond it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** After a run that failed; a publish that fails has a back-off of its own in the ledger. */
const RETRY_MS = 1_000;

/**
 * Decides when the dispatcher runs: at a nudge, when the next batch is due or a lease ends, when the stream becomes
 * usable, and at every sweep, which makes all the others dispensable. Never two runs at once in one process.
 */
@Injectable()
export class SchedulerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Scheduler');
  private run: Promise<void> | null = null;
  private isWantedAgain = false;
  private isStopping = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    @Inject(schedulerConfig.KEY) private readonly config: SchedulerConfig,
    private readonly database: DatabaseService,
    private readonly dispatcher: Dispatcher,
    private readonly channel: NotifyChannel,
    private readonly jobs: PeriodicJobs,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.enabled) return;
    this.dispatcher.onReady(() => this.wake());
    void this.database.ready.then(() => {
      const { intervalSeconds: everySeconds } = this.config;
      this.jobs.add({ name: 'dispatch-sweep', everySeconds, once: false, run: async () => this.wake() });
      return this.channel.listen(() => this.wake());
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    if (this.timer) clearTimeout(this.timer);
    await this.run;
  }

  private wake(): void {
    this.isWantedAgain = true;
    this.run ??= this.dispatchAll();
  }

  private async dispatchAll(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    while (this.isWantedAgain && !this.isStopping) {
      this.isWantedAgain = false;
      try {
        this.wakeIn(await this.dispatchDue());
      } catch (error) {
        this.logger.error(`dispatch failed: ${messageOf(error)}`);
        this.wakeIn(RETRY_MS);
      }
    }
    // In the turn of the last look at isWantedAgain: a wake in between would be lost.
    this.run = null;
  }

  /** Returns the milliseconds until something will be due, null when only a nudge can tell. */
  private async dispatchDue(): Promise<number | null> {
    const goesOn = () => !this.isStopping && this.database.isReady && this.dispatcher.isReady;
    const end = await this.dispatcher.run(goesOn);
    return end === 'told' ? null : this.dispatcher.msUntilNextRun(end);
  }

  private wakeIn(delayMs: number | null): void {
    if (this.timer) clearTimeout(this.timer);
    if (delayMs === null || this.isStopping) return;
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(delayMs, 1), LONGEST_TIMER_MS));
  }
}
