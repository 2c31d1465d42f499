import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { CODE, type State, stateOf } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { LedgerService, type Move } from '../ledger/ledger.service.js';
import { BatchesRepository } from '../messages/batches.repository.js';
import { LOCK_EMAILS } from '../messages/emails.sql.js';
import { REMOVE_ERASED_CONTENTS } from './contents.sql.js';
import { Erasure } from './erasure.entity.js';
import {
  COMPLETE,
  ERASE_EMAILS,
  FIND_EMAILS,
  READ_EMAILS,
  REMOVE_EVENTS,
  REMOVE_SOFT_BOUNCES,
  REMOVE_UNMATCHED,
  REQUEST,
} from './erasures.sql.js';

/** What became of some of a person's emails. */
export interface Erased {
  erased: number;
  /** Of the erased: those that had not left. */
  stopped: number;
  /** In the hands of a dispatcher or a sender at this moment, and not erased yet. */
  inFlight: number;
}

interface EmailRow {
  id: string;
  state: number;
  batch_id: string;
  epoch: number;
  topic_id: string;
  message_id: string;
}

@Injectable()
export class ErasuresRepository {
  constructor(
    @InjectRepository(Erasure) private readonly erasures: Repository<Erasure>,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    private readonly batches: BatchesRepository,
    private readonly ledger: LedgerService,
  ) {}

  /** From its commit on, no sender of ours claims mail to the address. */
  async request(address: string): Promise<void> {
    await this.erasures.manager.query(REQUEST, [address]);
  }

  async complete(address: string): Promise<void> {
    await this.erasures.manager.query(COMPLETE, [address]);
  }

  async requested(): Promise<string[]> {
    return (await this.erasures.find({ order: { requestedAt: 'ASC' } })).map(({ address }) => address);
  }

  async emailsOf(address: string): Promise<string[]> {
    return (await rowsOf<{ id: string }>(this.erasures.manager, FIND_EMAILS, [address])).map(({ id }) => id);
  }

  /** What the address stands in besides its emails; not the suppressions, which keep it from being written to again. */
  async removeTraces(address: string): Promise<void> {
    await this.erasures.manager.query(REMOVE_UNMATCHED, [address]);
    await this.erasures.manager.query(REMOVE_SOFT_BOUNCES, [address]);
  }

  /**
   * One transaction: emails by their ids, then their batches without waiting, as in events and in cancelling, then the
   * counters. Whoever is sent at this moment, or about to be, is left to a later call.
   */
  async erase(address: string, ids: readonly string[]): Promise<Erased> {
    const { messageIds, ...result } = await this.erasures.manager.transaction(async (transaction) => {
      await transaction.query(LOCK_EMAILS, [ids]);
      const rows = await rowsOf<EmailRow>(transaction, READ_EMAILS, [ids, address]);
      const free = await this.free(transaction, rows);
      const stopping = free.filter(({ state }) => this.isStoppable(stateOf(state)));
      await this.batches.leave(transaction, leavingOf(stopping));
      const stopped = new Set(stopping);
      await transaction.query(ERASE_EMAILS, [
        free.map(({ id }) => id),
        free.map((row) => (stopped.has(row) ? CODE.stopped : null)),
      ]);
      await transaction.query(REMOVE_EVENTS, [free.map(({ id }) => id)]);
      await this.ledger.move(
        transaction,
        stopping.map(({ topic_id, state }): Move => {
          return { topicId: topic_id, from: stateOf(state), to: 'stopped', count: 1 };
        }),
      );
      return {
        messageIds: [...new Set(free.map(({ message_id }) => message_id))],
        erased: free.length,
        stopped: stopping.length,
        inFlight: rows.length - free.length,
      };
    });
    // On its own: what removes content locks messages before emails.
    await this.erasures.manager.query(REMOVE_ERASED_CONTENTS, [messageIds]);
    return result;
  }

  /** What an external sender has in its stream cannot be stopped; it knows the address. */
  private isStoppable(state: State): boolean {
    return state === 'pending' || (state === 'dispatched' && !this.nats.externalSender);
  }

  /** Those that neither a dispatcher nor a sender holds. */
  private async free(transaction: EntityManager, rows: readonly EmailRow[]): Promise<EmailRow[]> {
    const pending = rows.filter(({ state }) => state === CODE.pending);
    const epochs = new Map(pending.map(({ batch_id, epoch }) => [batch_id, epoch]));
    const unleased = await this.batches.tryLock(transaction, epochs);
    return rows.filter(({ state, batch_id }) => {
      return state === CODE.pending ? unleased.has(batch_id) : state !== CODE.sending;
    });
  }
}

/** How many of them leave each pending batch. */
function leavingOf(rows: readonly EmailRow[]): Map<string, number> {
  const leaving = new Map<string, number>();
  for (const { state, batch_id } of rows) {
    if (state === CODE.pending) leaving.set(batch_id, (leaving.get(batch_id) ?? 0) + 1);
  }
  return leaving;
}
