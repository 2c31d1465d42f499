import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { Publisher } from '../jetstream/publisher.js';
import { highWaterOf } from '../limits/high-water.js';
import { holdUpOf } from '../limits/hold-up.js';
import { HoldUpLog } from '../limits/hold-up-log.js';
import { LimitsRepository } from '../limits/limits.repository.js';
import { BatchesRepository, type Lane, type LeasedBatch } from '../messages/batches.repository.js';
import { HoldsRepository } from '../messages/holds.repository.js';
import { crashPoint } from '../runtime/crash-point.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';

/**
 * How long a batch is ours: above any time in which so many loads as are under way at once are acknowledged at a usual
 * pace. What takes longer is not settled, and its ids are published again.
 */
const LEASE_SECONDS = 30;
/** Batches per claim: single emails are many small rows, and so is bulk that was put back. */
const CLAIM_LIMIT: Readonly<Record<Lane, number>> = { 0: 512, 1: 64 };
/** Large batches per claim: four fill the publisher's window well. */
const BULK_BATCHES = 4;
/** Less room than this part of the whole waits to become more: each claim cuts a batch in two. */
const LEAST_BULK_SHARE = 1 / 8;

/** Of the stream's bytes. What the next emails are larger than those in it shall find room too. */
const FULLEST = 0.9;

/** Why nothing was claimed: nothing is due, the stream is full, or nothing may be dispatched. */
export type Nothing = 'idle' | 'full' | 'closed';

/** Claims what is due and fits into the stream, both lanes; what is not to be sent any more ends here. */
@Injectable()
export class DueBatches {
  private readonly owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;

  constructor(
    private readonly batches: BatchesRepository,
    private readonly holds: HoldsRepository,
    private readonly publisher: Publisher,
    private readonly limits: LimitsRepository,
    private readonly holdUps: HoldUpLog,
    private readonly watch: LedgerWatchService,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    @Inject(schedulerConfig.KEY) private readonly scheduler: SchedulerConfig,
  ) {}

  /**
   * Leased batches that are to be published now, perhaps none of those that were due. `onTheWay` says how many emails of
   * earlier claims the stream does not have yet: asked before the stream is, so that what arrives meanwhile counts twice
   * and never not at all.
   */
  async claim(onTheWay: () => number): Promise<LeasedBatch[] | Nothing> {
    if (!(await this.watch.isTrusted())) return 'closed';
    const arriving = onTheWay();
    const [mostWanted, { messages: backlog, capacity }] = await Promise.all([
      this.highWater(),
      this.publisher.backlog(),
    ]);
    if (mostWanted === 0) return 'closed';
    // Large emails fill the stream before there are so many.
    const highWater = Math.min(mostWanted, Math.floor(capacity * FULLEST));
    const room = highWater - arriving - backlog;
    if (room <= 0) return 'full';
    crashPoint('dispatcher.look');
    const singles = await this.claimLane(0, room);
    const bulkRoom = Math.min(room - sizeOf(singles), BULK_BATCHES * this.scheduler.batchSize);
    const isFull = bulkRoom < Math.min(highWater, this.scheduler.batchSize) * LEAST_BULK_SHARE;
    const bulk = isFull ? [] : await this.claimLane(1, bulkRoom);
    if (singles.length + bulk.length === 0) return isFull ? 'full' : 'idle';
    crashPoint('dispatcher.claim');
    // The claims may have met another server. Whoever accepts what it holds sees to their leases.
    if (!(await this.watch.isTrusted())) return 'closed';
    return [...(await this.wanted(singles)), ...(await this.fitting(await this.wanted(bulk), bulkRoom))];
  }

  /** An external sender has limits of its own. */
  private async highWater(): Promise<number> {
    if (this.nats.externalSender) return this.nats.highWater;
    const status = await this.limits.status();
    const highWater = highWaterOf(status, this.nats.highWater);
    this.holdUps.observe(highWater === 0 ? holdUpOf(status) : null);
    return highWater;
  }

  private claimLane(lane: Lane, room: number): Promise<LeasedBatch[]> {
    return this.batches.claimDue(lane, CLAIM_LIMIT[lane], room, this.owner, LEASE_SECONDS);
  }

  /** Batches that the room began to hold: where the last of them overflows it, a part of that one. */
  private async fitting(batches: readonly LeasedBatch[], room: number): Promise<LeasedBatch[]> {
    const overflow = sizeOf(batches) - room;
    const last = batches.findLast(({ size }) => size > overflow);
    if (overflow <= 0 || last === undefined) return [...batches];
    const part = await this.batches.split(last, last.size - overflow);
    crashPoint('dispatcher.split');
    return batches.map((batch) => (batch === last ? part : batch));
  }

  /** Those of the batches that are to be published now; the others are stopped, expired or held here. */
  private async wanted(claimed: readonly LeasedBatch[]): Promise<LeasedBatch[]> {
    const wanted: LeasedBatch[] = [];
    const stopped: LeasedBatch[] = [];
    const expired: LeasedBatch[] = [];
    const paused: LeasedBatch[] = [];
    for (const batch of claimed) {
      const { isStopped, isExpired, isPaused } = batch;
      (isStopped ? stopped : isExpired ? expired : isPaused ? paused : wanted).push(batch);
    }
    if (stopped.length > 0) await this.batches.endLeased(stopped, 'stopped');
    if (expired.length > 0) await this.batches.endLeased(expired, 'expired');
    if (paused.length > 0) await this.holds.holdLeased(paused);
    return wanted;
  }
}

function sizeOf(batches: readonly LeasedBatch[]): number {
  return batches.reduce((sum, { size }) => sum + size, 0);
}
