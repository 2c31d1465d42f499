import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { Publisher } from '../jetstream/publisher.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { DispatchedRepository } from '../messages/dispatched.repository.js';
import { RetriesRepository } from '../messages/retries.repository.js';
import { messageOf } from '../runtime/message-of.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';
import { StreamStateRepository } from './stream-state.repository.js';

const LOOK_SECONDS = 10;
const RETRY_MS = 1_000;
/** Without a sign that the stream went back: what seems lost this often is taken by somebody who does not tell us. */
const MOST_LOSSES = 5;
/** The server's clock and the database's may differ. If by more, mail is published twice, and sent once. */
const SKEW_MS = 5_000;

/**
 * Mail that JetStream has lost is published again: its store was deleted, purged, or is an older copy. What was dispatched before the
 * oldest message that the stream still holds, and was claimed by no sender, is not in it. That is looked for after a setback, and
 * whenever the stream is empty, once our sender is there to take it. The sender's claim sees to it that a mail which is there after all is sent once.
 *
 * What an external sender has taken the ledger does not know: there a loss is only reported.
 */
@Injectable()
export class StreamWatchService implements OnApplicationBootstrap {
  private readonly logger = new Logger('StreamWatch');

  constructor(
    @Inject(schedulerConfig.KEY) private readonly config: SchedulerConfig,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    private readonly database: DatabaseService,
    private readonly publisher: Publisher,
    private readonly states: StreamStateRepository,
    private readonly dispatched: DispatchedRepository,
    private readonly retries: RetriesRepository,
    private readonly ledger: LedgerWatchService,
    private readonly jobs: PeriodicJobs,
    private readonly nudge: DispatchNudge,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.enabled) return;
    void this.database.ready.then(() => {
      this.publisher.onSetback(() => void this.suspect());
      this.jobs.add({ name: 'stream-watch', everySeconds: LOOK_SECONDS, once: true, run: () => this.watch() });
    });
  }

  /** Nothing else tells of it once the stream has counted on to where it was. */
  private async suspect(): Promise<void> {
    for (;;) {
      try {
        return await this.states.suspect(this.nats.stream);
      } catch (error) {
        this.logger.error(`stream ${this.nats.stream} went back, which cannot be recorded yet: ${messageOf(error)}`);
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  private async watch(): Promise<void> {
    // To a ledger that went back, what was sent meanwhile looks lost.
    if (!this.publisher.isReady || !(await this.ledger.isTrusted())) return;
    // Before the look: what is dispatched behind it may be in the stream.
    const now = await this.states.now();
    const look = await this.publisher.look();
    const suspectedUntil = await this.states.renew(this.nats.stream, look.createdAt, look.lastSequence);
    if (this.nats.externalSender) {
      if (suspectedUntil !== null) await this.report(suspectedUntil);
      return;
    }
    // Whoever else takes from it may have sent what the ledger believes to be in it.
    if (!look.isOurSenders) return;
    const moment = new Date((look.oldestAt?.getTime() ?? now.getTime()) - SKEW_MS);
    if (suspectedUntil !== null) {
      await this.repair(suspectedUntil < moment ? suspectedUntil : moment, Infinity);
      if (suspectedUntil <= moment) await this.states.clear(this.nats.stream, suspectedUntil);
    } else if (look.oldestAt === null) {
      await this.repair(moment, MOST_LOSSES);
    }
  }

  private async report(suspectedUntil: Date): Promise<void> {
    await this.states.clear(this.nats.stream, suspectedUntil);
    this.logger.error(
      `stream ${this.nats.stream} was made anew or went back: what the external sender had not taken may be lost`,
    );
  }

  private async repair(moment: Date, mostLosses: number): Promise<void> {
    let total = 0;
    for await (const ids of this.dispatched.before(moment, mostLosses)) {
      total += await this.retries.retryDispatched(ids);
      this.nudge.nudge();
    }
    if (total > 0) this.logger.error(`stream ${this.nats.stream} lost ${total} mails, which are published again`);
  }
}
