import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { LimitsRepository } from '../limits/limits.repository.js';
import { messageOf } from '../runtime/message-of.js';
import { ACCOUNT_READER, type AccountReader } from './transports/account-reader.js';

/** How often a sender looks whether it is its turn to ask the provider (limits.sql.ts says when that is). */
const LOOK_SECONDS = 5;
/** A sender that starts waits this long for the account's first report, whoever asks for it. */
const FIRST_REPORT_MS = 5_000;

/** Keeps the cluster's limits as the provider's account has them. */
@Injectable()
export class AccountRefresh implements OnApplicationShutdown {
  private readonly logger = new Logger('Account');
  private lastFault: string | null = null;

  constructor(
    @Inject(senderConfig.KEY) private readonly config: SenderConfig,
    @Inject(ACCOUNT_READER) private readonly account: AccountReader | null,
    private readonly limits: LimitsRepository,
    private readonly jobs: PeriodicJobs,
  ) {}

  /** Resolves when the limits are known, or cannot be at the moment. */
  async start(): Promise<void> {
    await this.attempt(() => this.limits.configure(this.config.ratePerSecond || null, this.account !== null));
    const { account } = this;
    if (account === null) return;
    const refresh = () => this.attempt(() => this.refresh(account));
    await refresh();
    await this.attempt(() => this.untilReported());
    this.jobs.add({ name: 'account-refresh', everySeconds: LOOK_SECONDS, once: false, run: refresh });
  }

  onApplicationShutdown(): void {
    this.account?.close();
  }

  private async refresh(account: AccountReader): Promise<void> {
    const grantedBefore = await this.limits.claimRefresh();
    if (grantedBefore !== null) await this.limits.report(await account.read(), grantedBefore);
  }

  /** Another sender may be asking at this moment: until it has an answer, nobody knows the rate. */
  private async untilReported(): Promise<void> {
    const deadline = performance.now() + FIRST_REPORT_MS;
    while ((await this.limits.status()).rate === null && performance.now() < deadline)
      await sleep(FIRST_REPORT_MS / 25);
  }

  /** Without a report the last one holds, and without any what SENDER_RATE_PER_SECOND says. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.lastFault = null;
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== this.lastFault) this.logger.warn(`cannot learn the limits: ${fault}`);
      this.lastFault = fault;
    }
  }
}
