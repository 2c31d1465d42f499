import { Injectable, Logger } from '@nestjs/common';
import { Publisher } from '../jetstream/publisher.js';
import type { PublishOrder } from '../jetstream/publish-order.js';
import { BatchesRepository } from '../messages/batches.repository.js';
import { crashPoint } from '../runtime/crash-point.js';
import { DueBatches, type Nothing } from './due-batches.js';
import { type Load, Loads } from './loads.js';

/** One is published, the next is ready to follow it, and the one before is being settled. */
const LOADS_UNDER_WAY = 3;
/** How often a stream that is full is looked at again. */
const FULL_RETRY_MS = 250;
/** Nothing at all may be dispatched: the quota is spent, or the ledger went back. */
const CLOSED_RETRY_MS = 1_000;

/** Why a load was not published whole: the stream was `full`, or it `failed`. */
type Shortfall = 'full' | 'failed';

/** Why a run ended: nothing could be claimed, not all could be published, or it was told to end. */
export type RunEnd = Nothing | Shortfall | 'told';

/**
 * Claim, load, publish, settle: while one load is published, the next is claimed and read, and the one before settled.
 * Publishing is one after the other, in the order of the claims.
 *
 * If we die after a claim, its lease ends and another process publishes the same ids of the same generation, which
 * the stream recognises within its duplicate window; after the publish, the same; during a settle, the transaction
 * is whole or nothing. A settle that comes after the lease was taken over changes nothing. So an email may be
 * published twice only if its lease and the duplicate window have both passed, and then the sender's claim stops it.
 * Loads know nothing of each other: it does not matter which of them were under way.
 */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger('Dispatcher');

  constructor(
    private readonly due: DueBatches,
    private readonly loads: Loads,
    private readonly publisher: Publisher,
    private readonly batches: BatchesRepository,
  ) {}

  get isReady(): boolean {
    return this.publisher.isReady;
  }

  /** Calls back each time the stream becomes usable. */
  onReady(listener: () => void): void {
    this.publisher.onReady(listener);
  }

  /** Dispatches what is due as long as `goesOn`; what is claimed is finished in any case. Throws what a load throws. */
  async run(goesOn: () => boolean): Promise<RunEnd> {
    const underWay = new UnderWay();
    try {
      while (goesOn()) {
        const claimed = await this.due.claim(() => underWay.emails);
        if (typeof claimed === 'string') {
          // Its room is only what is left beside what is under way.
          if (claimed !== 'full' || underWay.size === 0) return (await underWay.allDone()) ?? claimed;
          const shortfall = await underWay.atMost(underWay.size - 1);
          if (shortfall !== null) return shortfall;
          continue;
        }
        if (claimed.length === 0) continue;
        const load = await this.loads.of(claimed);
        crashPoint('dispatcher.load');
        const order = this.publisher.publish(load.publications, load.count);
        underWay.add(order, this.settled(load, order));
        const shortfall = await underWay.atMost(LOADS_UNDER_WAY - 1);
        if (shortfall !== null) return shortfall;
      }
      return (await underWay.allDone()) ?? 'told';
    } finally {
      await underWay.allEnded();
    }
  }

  /** Milliseconds after which a next run makes sense; null when nothing is pending. */
  async msUntilNextRun(last: RunEnd): Promise<number | null> {
    if (last === 'full') return FULL_RETRY_MS;
    if (last === 'closed') return CLOSED_RETRY_MS;
    return this.batches.msUntilNextClaim();
  }

  /** Null: all of the load was published that can be. */
  private async settled(load: Load, order: PublishOrder): Promise<Shortfall | null> {
    const results = await order.done;
    crashPoint('dispatcher.ack');
    const settlements = load.settlements(results, order.fault);
    const settled = await this.batches.settle(settlements);
    crashPoint('dispatcher.settle');
    for (const { batch } of settlements) {
      if (!settled.has(batch.id)) this.logger.warn(`batch ${batch.id} was taken over before it was settled`);
    }
    if (settlements.every(({ unacknowledged }) => unacknowledged.length === 0)) return null;
    if (order.fault?.kind === 'stream_full') return 'full';
    await this.publisher.rechecked();
    return 'failed';
  }
}

/** The loads of a run that are not settled yet, oldest first. Each resolves to why it was not published whole. */
class UnderWay {
  private readonly loads: { order: PublishOrder; settled: Promise<Shortfall | null> }[] = [];

  get size(): number {
    return this.loads.length;
  }

  /** Emails that the stream may not have yet. */
  get emails(): number {
    return this.loads.reduce((sum, { order }) => sum + order.open, 0);
  }

  add(order: PublishOrder, settled: Promise<Shortfall | null>): void {
    // A failure is met by whoever awaits it; until then it is no unhandled rejection.
    settled.catch(() => undefined);
    this.loads.push({ order, settled });
  }

  /** Waits until no more than so many are left, or until one was not published whole; throws what one throws. */
  async atMost(count: number): Promise<Shortfall | null> {
    while (this.loads.length > count) {
      const shortfall = await this.loads[0].settled;
      this.loads.shift();
      if (shortfall !== null) return shortfall;
    }
    return null;
  }

  allDone(): Promise<Shortfall | null> {
    return this.atMost(0);
  }

  async allEnded(): Promise<void> {
    await Promise.allSettled(this.loads.splice(0).map(({ settled }) => settled));
  }
}
