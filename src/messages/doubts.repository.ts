import type { EntityManager, Repository } from 'typeorm';
import { stateOf } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import type { LedgerService } from '../ledger/ledger.service.js';
import { MARK_DISPATCHED } from './batches.sql.js';
import type { DispatchedRepository } from './dispatched.repository.js';
import {
  DROP_CLAIMS,
  EMAILS_OF_BATCHES,
  FORGET_CLAIM_TIMES,
  LOCK_PENDING,
  MARK_UNCERTAIN,
  READ_UNDER_WAY,
} from './doubts.sql.js';
import type { Email } from './email.entity.js';
import { LOCK_EMAILS } from './emails.sql.js';

const REASON = 'the ledger went back: it may have been sent in the time that is missing';
const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * What a ledger that went back cannot know: which of its unfinished emails were sent in the time that it has forgotten. While
 * it holds (`watch/`), nobody else moves mail.
 */
export class DoubtsRepository {
  constructor(
    private readonly emails: Repository<Email>,
    private readonly dispatched: DispatchedRepository,
    private readonly ledger: LedgerService,
  ) {}

  /**
   * Unfinished emails that may have been sent until a moment become uncertain, and nothing sends them again by itself. What was
   * accepted later, or was not due by then, stays. Yields how many after each transaction; if we die in between, the rest can be
   * done again.
   */
  async *raise(until: Date): AsyncGenerator<number> {
    for (let after: string | null = LOWEST_ID; after !== null;) {
      const pending: { count: number; last: string | null } = await this.raisePending(until, after);
      yield pending.count;
      after = pending.last;
    }
    for (let count: number | null = 0; count !== null; count = await this.raiseClaimed()) yield count;
    for await (const ids of this.dispatched.before(until)) {
      yield await this.inTransaction((transaction) => this.raiseUnderWay(transaction, ids));
    }
    while ((await rowsOf(this.emails.manager, FORGET_CLAIM_TIMES, [])).length > 0);
  }

  private raisePending(until: Date, after: string): Promise<{ count: number; last: string | null }> {
    return this.inTransaction(async (transaction) => {
      const batches = await rowsOf<{ id: string; topic_id: string; size: number }>(transaction, LOCK_PENDING, [
        until,
        after,
      ]);
      const ids = idsOf(batches);
      const emails = await rowsOf<{ id: string }>(transaction, EMAILS_OF_BATCHES, [ids]);
      await transaction.query(MARK_UNCERTAIN, [idsOf(emails), REASON]);
      // All emails have left them.
      await transaction.query(MARK_DISPATCHED, [ids, ids.map(() => 0)]);
      await this.ledger.move(
        transaction,
        batches.map(({ topic_id: topicId, size }) => ({ topicId, from: 'pending', to: 'uncertain', count: size })),
      );
      return { count: emails.length, last: ids.at(-1) ?? null };
    });
  }

  /** Null: there is no claim. */
  private raiseClaimed(): Promise<number | null> {
    return this.inTransaction(async (transaction) => {
      const claimed = await rowsOf<{ id: string }>(transaction, DROP_CLAIMS, []);
      return claimed.length === 0 ? null : this.raiseUnderWay(transaction, idsOf(claimed));
    });
  }

  private async raiseUnderWay(transaction: EntityManager, ids: readonly string[]): Promise<number> {
    await transaction.query(LOCK_EMAILS, [ids]);
    const emails = await rowsOf<{ id: string; state: number; topic_id: string }>(transaction, READ_UNDER_WAY, [ids]);
    await transaction.query(MARK_UNCERTAIN, [idsOf(emails), REASON]);
    await this.ledger.move(
      transaction,
      emails.map(({ topic_id: topicId, state }) => ({ topicId, from: stateOf(state), to: 'uncertain', count: 1 })),
    );
    return emails.length;
  }

  private inTransaction<Result>(work: (transaction: EntityManager) => Promise<Result>): Promise<Result> {
    return this.emails.manager.transaction(work);
  }
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
