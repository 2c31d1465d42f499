import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { Batch } from './batch.entity.js';
import { BatchesRepository, type LeasedBatch } from './batches.repository.js';
import { RELEASE } from './batches.sql.js';
import { HOLD_LEASED, HOLD_PENDING, LOCK_PAUSED, RELEASE_HELD, TRY_LOCK_PAUSED } from './holds.sql.js';

/**
 * What a paused topic holds: pending batches that are to be claimed at infinity.
 *
 * A pause holds all that nobody leases. What it misses (new submissions, what a dispatcher leases, what is in the
 * stream) comes by the claim of a dispatcher or a sender, which reads `topics` and holds it. Whoever holds shares the
 * topic's row and looks at it again, and a resume writes that row before it releases: so either the resume waits and
 * finds what was held, or the hold sees that the topic is no longer paused. Nothing stays at infinity.
 */
@Injectable()
export class HoldsRepository {
  constructor(
    @InjectRepository(Batch) private readonly rows: Repository<Batch>,
    private readonly batches: BatchesRepository,
  ) {}

  /** The caller has written the topic's row in this transaction. */
  async holdPending(transaction: EntityManager, topicId: string): Promise<void> {
    await transaction.query(HOLD_PENDING, [topicId]);
  }

  /** The same. */
  async release(transaction: EntityManager, topicId: string): Promise<void> {
    await transaction.query(RELEASE_HELD, [topicId]);
  }

  /** Holds leased batches of paused topics; those of topics that were resumed meanwhile are due at once. */
  holdLeased(batches: readonly LeasedBatch[]): Promise<void> {
    return this.rows.manager.transaction(async (transaction) => {
      const paused = await this.paused(transaction, LOCK_PAUSED, batches);
      const leased = await this.batches.hold(transaction, batches);
      const idsWhere = (isPaused: boolean) =>
        batches.filter(({ id, topicId }) => leased.has(id) && paused.has(topicId) === isPaused).map(({ id }) => id);
      await transaction.query(HOLD_LEASED, [idsWhere(true)]);
      const resumed = idsWhere(false);
      if (resumed.length > 0) {
        await transaction.query(RELEASE, [resumed, resumed.map(() => 0), resumed.map(() => null)]);
      }
    });
  }

  /**
   * Those of the topics that are paused and stay so until the transaction ends. Never waits, since the sender holds
   * emails: a topic that is being paused or resumed at this moment is left out.
   */
  tryLockPaused(transaction: EntityManager, topics: readonly { topicId: string }[]): Promise<Set<string>> {
    return this.paused(transaction, TRY_LOCK_PAUSED, topics);
  }

  private async paused(
    transaction: EntityManager,
    statement: string,
    topics: readonly { topicId: string }[],
  ): Promise<Set<string>> {
    const ids = [...new Set(topics.map(({ topicId }) => topicId))];
    const rows = await rowsOf<{ topic_id: string }>(transaction, statement, [ids]);
    return new Set(rows.map(({ topic_id }) => topic_id));
  }
}
