import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { LedgerService, type Removal } from '../ledger/ledger.service.js';
import { RemovalSeal } from '../messages/removal-seal.entity.js';
import {
  DROP_MONTH,
  FIRST_DISPATCHES,
  FORGET_PROVIDER_IDS,
  PAST_MONTHS,
  REMOVE_MESSAGES,
  SEAL,
  UNSEAL,
  WAIT_FOR_WRITERS,
} from './months.sql.js';
import type { IdRange } from './survey.js';

/** A partition of emails, batches and events. */
export interface Month extends IdRange {
  /** YYYY_MM */
  name: string;
}

interface FirstDispatches {
  dispatched: Removal['dispatched'];
  /** Emails outside the month are in one of the batches. */
  hasOthers: boolean;
  last: string | null;
}

interface DispatchesRow {
  hour: Date | null;
  topic_id: string;
  count: number;
  has_others: boolean;
  batches: number;
  last_id: string;
}

export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** PostgreSQL's code for a lock that was not had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** The months that can be removed whole, and what is done to one. `month-removal.ts` has the order. */
@Injectable()
export class MonthsRepository {
  private readonly manager: EntityManager;

  constructor(
    @InjectRepository(RemovalSeal) private readonly seals: Repository<RemovalSeal>,
    private readonly ledger: LedgerService,
  ) {
    this.manager = seals.manager;
  }

  past(moment: Date): Promise<Month[]> {
    return rowsOf<Month>(this.manager, PAST_MONTHS, [moment]);
  }

  /** Returns the token of the seal. */
  async seal({ first, behind }: IdRange): Promise<string> {
    const [{ token }] = await rowsOf<{ token: string }>(this.manager, SEAL, [first, behind]);
    return token;
  }

  async unseal(token: string): Promise<void> {
    await this.manager.query(UNSEAL, [token]);
  }

  /** The ids of the month that is sealed; null while none is. */
  async sealed(): Promise<(IdRange & { token: string }) | null> {
    const { firstId, behindId, token } = await this.seals.findOneByOrFail({ id: 1 });
    return firstId === behindId ? null : { first: firstId, behind: behindId, token };
  }

  /** Until all that began before the seal has ended; false where that takes too long. */
  waitForWriters({ name }: Month): Promise<boolean> {
    return hasLock(() => this.manager.query(WAIT_FOR_WRITERS, [name]));
  }

  /** Of up to `limit` of its batches from an id on; `last` is the id to go on behind, null after the last. */
  async firstDispatches({ first, behind }: Month, from: string, limit: number): Promise<FirstDispatches> {
    const rows = await rowsOf<DispatchesRow>(this.manager, FIRST_DISPATCHES, [from, behind, limit, first]);
    const read = rows.reduce((sum, { batches }) => sum + batches, 0);
    return {
      dispatched: rows.flatMap(({ hour, topic_id: topicId, count }) =>
        hour === null || count === 0 ? [] : [{ hour, topicId, count }],
      ),
      hasOthers: rows.some(({ has_others }) => has_others),
      last: read < limit ? null : greatest(rows.map(({ last_id }) => last_id)),
    };
  }

  /** Of up to `limit` emails; returns the id to go on behind, null after the last. */
  async forgetProviderIds({ first, behind }: IdRange, limit: number): Promise<string | null> {
    const [row] = await rowsOf<{ emails: number; last_id: string }>(this.manager, FORGET_PROVIDER_IDS, [
      first,
      behind,
      limit,
    ]);
    return row.emails < limit ? null : row.last_id;
  }

  /** With what the counters keep of it, in one short transaction; false where the tables could not be had at once. */
  drop({ name }: Month, token: string, removal: Removal): Promise<boolean> {
    return hasLock(() =>
      this.manager.transaction(async (transaction) => {
        await transaction.query(DROP_MONTH, [name, token]);
        await this.ledger.remove(transaction, removal);
      }),
    );
  }

  /** Up to `limit` messages whose emails are gone; returns the id to go on behind, null after the last. */
  removeMessages({ first, behind }: IdRange, after: string, limit: number): Promise<string | null> {
    return this.manager.transaction(async (transaction) => {
      const rows = await rowsOf<{ topic_id: string; emails: number; last_id: string }>(transaction, REMOVE_MESSAGES, [
        after,
        first,
        behind,
        limit,
      ]);
      if (rows.length === 0) return null;
      const counts = rows.map(({ topic_id: topicId, emails: count }) => ({ topicId, column: 'total', count }) as const);
      await this.ledger.remove(transaction, { counts, dispatched: [] });
      return greatest(rows.map(({ last_id }) => last_id));
    });
  }
}

function greatest(ids: readonly string[]): string {
  return ids.reduce((greater, id) => (id > greater ? id : greater));
}

async function hasLock(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
