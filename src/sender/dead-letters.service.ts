import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { DatabaseService } from '../database/database.service.js';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import type { Delivery } from '../jetstream/consumer.js';
import { crashPoint } from '../runtime/crash-point.js';
import { messageOf } from '../runtime/message-of.js';
import { DeadLetter } from './dead-letter.entity.js';

/** They may hold addresses, which nobody could find in them. */
const KEPT_DAYS = 30;
const HOUR_SECONDS = 3_600;
/** The ledger is away: the stream keeps it as long. */
const RETRY_MS = 60_000;
/** A text of PostgreSQL holds no NUL. */
const NUL = /\0/g;

/** Parameters: stream, sequence, when it was published, reason, headers, payload. */
const KEEP = `/* dead_letters.keep */
  INSERT INTO dead_letters (stream, sequence, published_at, reason, headers, payload) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT DO NOTHING`;

/** Parameters: days. */
const PURGE = `/* dead_letters.purge */
  DELETE FROM dead_letters WHERE kept_at < now() - make_interval(days => $1)`;

/** Takes what can never be read or is not known any more out of the stream, where it would stand in the way of all that asks how far it is done. */
@Injectable()
export class DeadLettersService implements OnApplicationBootstrap {
  private readonly logger = new Logger('DeadLetters');

  constructor(
    @InjectRepository(DeadLetter) private readonly letters: Repository<DeadLetter>,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    private readonly database: DatabaseService,
    private readonly jobs: PeriodicJobs,
  ) {}

  onApplicationBootstrap(): void {
    void this.database.ready.then(() => {
      const run = async () => void (await this.letters.query(PURGE, [KEPT_DAYS]));
      this.jobs.add({ name: 'dead-letters-purge', everySeconds: HOUR_SECONDS, once: true, run });
    });
  }

  /** Kept first, then ended: if we die in between, it comes again and is kept once. */
  async keep(delivery: Delivery, reason: string): Promise<void> {
    const { sequence, publishedAt, headers, payload } = delivery;
    // Not why: the reason may quote the mail.
    this.logger.error(`stream message ${sequence} cannot be handled and is kept in dead_letters`);
    const parameters = [
      this.nats.stream,
      sequence,
      publishedAt,
      reason.replace(NUL, ''),
      headers.block.replace(NUL, ''),
      Buffer.from(payload),
    ];
    try {
      await this.letters.query(KEEP, parameters);
    } catch (error) {
      this.logger.warn(`stream message ${sequence} cannot be kept yet: ${messageOf(error)}`);
      return delivery.nak(RETRY_MS);
    }
    crashPoint('sender.keep');
    delivery.end();
  }
}
