import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { RetriesRepository } from '../messages/retries.repository.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';

const CONFIRM_SECONDS = 10;
const ALARM_SECONDS = 60;

/** Mail of which nobody knows whether it was sent: sends it again where that is safe, and else keeps saying so. */
@Injectable()
export class UncertainService implements OnApplicationBootstrap {
  private readonly logger = new Logger('Uncertain');

  constructor(
    @Inject(senderConfig.KEY) private readonly config: SenderConfig,
    private readonly database: DatabaseService,
    private readonly retries: RetriesRepository,
    private readonly watch: LedgerWatchService,
    private readonly jobs: PeriodicJobs,
    private readonly nudge: DispatchNudge,
  ) {}

  onApplicationBootstrap(): void {
    void this.database.ready.then(() => {
      const confirm = { name: 'uncertain-confirm', everySeconds: CONFIRM_SECONDS, run: () => this.retryUnconfirmed() };
      const alarm = { name: 'uncertain-alarm', everySeconds: ALARM_SECONDS, run: () => this.alarm() };
      const wanted = this.config.ambiguousSends === 'confirm' ? [confirm, alarm] : [alarm];
      for (const job of wanted) this.jobs.add({ ...job, once: true });
    });
  }

  private async retryUnconfirmed(): Promise<void> {
    // To a ledger that went back, no event may have come which did.
    if (!(await this.watch.isTrusted())) return;
    const count = await this.retries.retryUnconfirmed();
    if (count === 0) return;
    this.nudge.nudge();
    this.logger.warn(`${count} emails in doubt are sent again: Sends of later mail have come, and none of theirs`);
  }

  private async alarm(): Promise<void> {
    const count = await this.retries.countUncertain();
    if (count > 0) this.logger.warn(`${count} emails are uncertain: nobody knows whether they were sent`);
  }
}
