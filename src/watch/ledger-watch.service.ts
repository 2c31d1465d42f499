import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import { LedgerMarks } from '../jetstream/ledger-marks.js';
import { messageOf } from '../runtime/message-of.js';
import { LedgerStateRepository } from './ledger-state.repository.js';

/** What a look can miss: a ledger that goes back by less loses no mark. */
const LOOK_SECONDS = 10;
/** NATS is there and yet gives no mark: its account may not have a stream more. Mail does not wait for that. */
const MOST_FAILURES = 3;

/**
 * Whether the ledger is what it was. A database that was restored, or whose standby took over without its last commits, believes that mail is
 * still to be sent which has left. Then nothing is dispatched and sent before an operator has accepted what is missing
 * (`npm run ledger -- accept`).
 *
 * Two things tell: the mark, which each look counts up here and then tells NATS, and the server's timeline. A look precedes the
 * first mail on any new connection, since each may lead to another server.
 */
@Injectable()
export class LedgerWatchService implements OnApplicationBootstrap {
  private readonly logger = new Logger('LedgerWatch');
  /** How many connections there had been when a look last found nothing. */
  private trustedAt = -1;
  private looking: Promise<void> | null = null;
  private failures = 0;
  /** What happened after it is missing; null: nothing is held. */
  heldSince: Date | null = null;
  /** What was in the stream before an operator's word, and is not in the ledger, never will be. */
  acceptedAt: Date | null = null;

  constructor(
    @Inject(natsConfig.KEY) private readonly config: NatsConfig,
    private readonly database: DatabaseService,
    private readonly marks: LedgerMarks,
    private readonly states: LedgerStateRepository,
    private readonly jobs: PeriodicJobs,
  ) {}

  onApplicationBootstrap(): void {
    void this.database.ready.then(() => {
      const run = async () => {
        if (this.marks.isReady) await this.look();
      };
      this.jobs.add({ name: 'ledger-watch', everySeconds: LOOK_SECONDS, once: false, run });
    });
  }

  /** Whether mail may move. Throws where that cannot be told at the moment. */
  async isTrusted(): Promise<boolean> {
    while (this.trustedAt !== this.database.connections) {
      await this.look();
      if (this.heldSince !== null) return false;
    }
    return true;
  }

  private look(): Promise<void> {
    return (this.looking ??= this.lookNow().finally(() => (this.looking = null)));
  }

  private async lookNow(): Promise<void> {
    const { connections } = this.database;
    const known = await this.knownMark();
    const { mark, heldSince, acceptedAt } = await this.states.look(this.config.stream, known);
    this.acceptedAt = acceptedAt;
    this.observe(heldSince);
    this.trustedAt = heldSince === null ? connections : -1;
    await this.tell(mark);
  }

  private async knownMark(): Promise<number> {
    if (this.failures >= MOST_FAILURES) return 0;
    try {
      const mark = await this.marks.read();
      this.failures = 0;
      return mark;
    } catch (error) {
      if (!this.marks.isReady) throw error;
      this.failures += 1;
      if (this.failures < MOST_FAILURES) throw error;
      this.logger.warn(`NATS keeps no mark, so a ledger that goes back may not be noticed: ${messageOf(error)}`);
      return 0;
    }
  }

  /** If it does not arrive, the next one does. */
  private async tell(mark: number): Promise<void> {
    if (this.failures >= MOST_FAILURES) return;
    await this.marks.write(mark).catch((error: unknown) => {
      this.logger.warn(`the mark was not kept: ${messageOf(error)}`);
    });
  }

  private observe(heldSince: Date | null): void {
    if (heldSince?.getTime() === this.heldSince?.getTime()) return;
    this.heldSince = heldSince;
    if (heldSince === null) return this.logger.log('the ledger is accepted as it is: mail moves again');
    const since = heldSince.toISOString();
    this.logger.error(
      `the ledger went back: what happened after ${since} is missing. Nothing is dispatched or sent until somebody ` +
        `has said: npm run ledger -- accept --since ${since}`,
    );
  }
}
