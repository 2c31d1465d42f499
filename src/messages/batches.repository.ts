import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import type { TrackedMessage } from '../compose/message-templates.js';
import type { Variables } from '../compose/variables.js';
import { idsFrom, newId } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';
import { inPipeline, type Pipeline } from '../database/pipeline.js';
import { rowsOf } from '../database/statement.js';
import { LedgerService, type Move, type Tally } from '../ledger/ledger.service.js';
import { crashPoint } from '../runtime/crash-point.js';
import type { SuppressionReason } from '../suppressions/suppression.entity.js';
import { Batch } from './batch.entity.js';
import { SPLIT_EXPLICIT, SPLIT_RANGE } from './batch-split.sql.js';
import {
  CLAIM_DUE,
  HOLD,
  LEASE_PENDING,
  LEAVE_BATCHES,
  LOAD_EMAILS,
  MARK_DISPATCHED,
  MARK_EMAILS_FAILED,
  MARK_EMAILS_SUPPRESSED,
  MARK_ENDED,
  NEXT_CLAIM,
  REGROUP,
  RELEASE,
  STOP_PENDING,
  TRY_LOCK_BATCHES,
} from './batches.sql.js';
import { LOAD_CONTENTS } from './messages.sql.js';

export type Lane = 0 | 1;

/** A batch that this process may publish until its lease ends; `epoch` fences off whoever held it before. */
export interface LeasedBatch {
  id: string;
  epoch: number;
  generation: number;
  /** Publishes that failed so far. */
  attempts: number;
  messageId: string;
  topicId: string;
  size: number;
  /** Its place in the queue before the lease. */
  dueAt: Date;
  /** None of its emails was dispatched before. */
  isFirst: boolean;
  /** Its topic was stopped after it was accepted. */
  isStopped: boolean;
  isExpired: boolean;
  isPaused: boolean;
}

export interface BatchEmails {
  ids: string[];
  addresses: string[];
  /** By id, of those emails that are tracked otherwise than their message: bits of contracts/tracking-bits.ts. */
  tracking: Readonly<Record<string, number>> | null;
  /** By id, of those emails that have variables of their own. */
  variables: Readonly<Record<string, Variables>> | null;
  /** By id, of those emails that nothing is sent to. */
  suppressed: Readonly<Record<string, SuppressionReason>> | null;
}

/** What became of a leased batch's emails. Those that were not acknowledged are tried again after `delayMs`. */
export interface Settlement {
  batch: LeasedBatch;
  acknowledged: string[];
  unacknowledged: string[];
  /** Larger than the queue's largest message: they can never be published. */
  tooLarge: string[];
  /** Not published, because nothing is sent to their address. */
  suppressed: readonly { id: string; reason: string }[];
  delayMs: number;
  error: string | null;
}

/** Emails of one batch that move to a new one. */
export interface Regrouping {
  sourceId: string;
  ids: string[];
  /** Null: held until the topic is resumed. */
  delayMs: number | null;
  /** 1 when the stream may know the emails and shall take them again, else 0. */
  generationStep: 0 | 1;
  attempts: number;
  error: string | null;
  /** A new schedule; without one as before. */
  scheduledAt?: Date;
  /** Wanted anew: a stop of the topic before this moment does not concern them. */
  isAcceptedNow?: boolean;
  /** They were late, and are wanted nevertheless. */
  neverExpires?: boolean;
}

/** A row of `LOAD_EMAILS`. */
interface EmailsRow extends Omit<BatchEmails, 'ids' | 'addresses'> {
  id: string;
  size: number;
  /** Null: so many as its size, from its own id on. */
  ids: string | null;
  addresses: string;
}

@Injectable()
export class BatchesRepository {
  constructor(
    @InjectRepository(Batch) private readonly batches: Repository<Batch>,
    private readonly ledger: LedgerService,
  ) {}

  /** In the order of their places; the last may be larger than what is left of the room. */
  async claimDue(lane: Lane, limit: number, room: number, owner: string, leaseSeconds: number): Promise<LeasedBatch[]> {
    const rows = await rowsOf<Record<string, never>>(this.batches.manager, CLAIM_DUE, [
      lane,
      limit,
      owner,
      leaseSeconds,
      room,
    ]);
    return rows.map(leasedBatch).sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime() || (a.id < b.id ? -1 : 1));
  }

  /** Those of the batches whose emails are in the stream though nobody knows it; `settle` is told which. */
  async leasePending(batchIds: readonly string[], owner: string, leaseSeconds: number): Promise<LeasedBatch[]> {
    const parameters = [batchIds, owner, leaseSeconds];
    const rows = await rowsOf<Record<string, never>>(this.batches.manager, LEASE_PENDING, parameters);
    return rows.map(leasedBatch);
  }

  /**
   * A leased batch keeps so many of its emails, and the rest becomes a batch of its own in the same place of the queue.
   * If we die behind this, both are whole. Returns the batch as it is now: unchanged, if the lease was lost.
   */
  async split(batch: LeasedBatch, keep: number): Promise<LeasedBatch> {
    const parameters = [batch.id, batch.epoch, keep, batch.dueAt];
    const { manager } = this.batches;
    const rest = await rowsOf(manager, SPLIT_RANGE, parameters);
    if (rest.length === 0) rest.push(...(await rowsOf(manager, SPLIT_EXPLICIT, [...parameters, newId()])));
    return rest.length === 0 ? batch : { ...batch, size: keep };
  }

  /** Milliseconds until a batch can be claimed (0 or less: now); null when nothing is pending. */
  async msUntilNextClaim(): Promise<number | null> {
    const [row] = await rowsOf<{ wait_ms: number | null }>(this.batches.manager, NEXT_CLAIM, []);
    return row.wait_ms;
  }

  /** What their emails are made of, by the id of the message. */
  async messagesOf(batches: readonly LeasedBatch[]): Promise<Map<string, TrackedMessage>> {
    const ids = [...new Set(batches.map((batch) => batch.messageId))];
    const messages = await rowsOf<TrackedMessage>(this.batches.manager, LOAD_CONTENTS, [ids]);
    return new Map(messages.map((message) => [message.id, message]));
  }

  /** The emails of each batch that are still as their batch, in the order of their ids. */
  async emailsOf(batches: readonly LeasedBatch[], withVariables: boolean): Promise<Map<string, BatchEmails>> {
    const rows = await rowsOf<EmailsRow>(this.batches.manager, LOAD_EMAILS, [
      batches.map((batch) => batch.id),
      withVariables,
    ]);
    return new Map(rows.map((row) => [row.id, emailsOfRow(row)]));
  }

  /**
   * Records what became of leased batches, in one transaction. A batch that the lease no longer holds is left as it
   * is: its next holder publishes the same ids, which the stream recognises. Returns the batches that were settled.
   */
  settle(settlements: readonly Settlement[]): Promise<Set<string>> {
    return inPipeline(this.batches.manager, async (pipeline) => {
      const held = await this.hold(
        pipeline.manager,
        settlements.map(({ batch }) => batch),
      );
      const mine = settlements.filter(({ batch }) => held.has(batch.id));
      const dispatched = mine.filter(isDispatched);
      const released = mine.filter((settlement) => !isDispatched(settlement));
      if (dispatched.length > 0) await this.markDispatched(pipeline, dispatched);
      if (released.length > 0) {
        const parameters = [
          released.map(({ batch }) => batch.id),
          released.map(({ delayMs }) => delayMs),
          released.map(({ error }) => error),
        ];
        pipeline.send({ text: RELEASE, parameters });
      }
      const firsts = dispatched.filter(({ batch }) => batch.isFirst);
      const tallies = firsts.map(({ batch: { topicId }, acknowledged: { length } }): Tally => {
        return { topicId, what: 'first_dispatch', count: length };
      });
      pipeline.send(...this.ledger.statements(dispatched.flatMap(movesOf), tallies));
      crashPoint('dispatcher.mark');
      return held;
    });
  }

  /** Ends leased batches of a stopped topic, or such as are too late. */
  endLeased(batches: readonly LeasedBatch[], state: 'stopped' | 'expired'): Promise<void> {
    return this.batches.manager.transaction(async (transaction) => {
      const held = await this.hold(transaction, batches);
      const mine = batches.filter(({ id }) => held.has(id));
      const reason = state === 'expired' ? 'expired' : null;
      await transaction.query(MARK_ENDED, [mine.map(({ id }) => id), CODE[state], reason]);
      await this.ledger.move(
        transaction,
        mine.map(({ topicId, size }) => ({ topicId, from: 'pending', to: state, count: size })),
      );
    });
  }

  /** Stops what is pending of a topic and not leased; the counters are moved here. Returns how many emails stopped. */
  async stopPending(transaction: EntityManager, topicId: string): Promise<number> {
    const rows = await rowsOf<{ size: number }>(transaction, STOP_PENDING, [topicId]);
    return rows.reduce((sum, { size }) => sum + size, 0);
  }

  /** Those of the pending batches, by their epochs, that may be changed now: no dispatcher holds them. */
  async tryLock(transaction: EntityManager, epochs: ReadonlyMap<string, number>): Promise<Set<string>> {
    if (epochs.size === 0) return new Set();
    const parameters = [[...epochs.keys()], [...epochs.values()]];
    const rows = await rowsOf<{ id: string }>(transaction, TRY_LOCK_BATCHES, parameters);
    return new Set(rows.map(({ id }) => id));
  }

  /** Emails leave pending batches, which the caller holds; `counts` says how many leave each. */
  async leave(transaction: EntityManager, counts: ReadonlyMap<string, number>): Promise<void> {
    if (counts.size > 0) await transaction.query(LEAVE_BATCHES, [[...counts.keys()], [...counts.values()]]);
  }

  /** Moves emails into new batches; the caller holds them and moves the counters. */
  async regroup(transaction: EntityManager, groups: readonly Regrouping[]): Promise<void> {
    if (groups.length === 0) return;
    const targets = groups.map((group) => ({ ...group, id: newId() }));
    await transaction.query(REGROUP, [
      targets.flatMap(({ ids }) => ids),
      targets.flatMap(({ ids, id }) => ids.map(() => id)),
      targets.map(({ id }) => id),
      targets.map(({ sourceId }) => sourceId),
      targets.map(({ delayMs }) => delayMs),
      targets.map(({ generationStep }) => generationStep),
      targets.map(({ attempts }) => attempts),
      targets.map(({ error }) => error),
      targets.map(({ scheduledAt }) => scheduledAt ?? null),
      targets.map(({ isAcceptedNow }) => isAcceptedNow ?? false),
      targets.map(({ neverExpires }) => neverExpires ?? false),
    ]);
  }

  /** Those of the batches that this lease still holds, locked. */
  async hold(transaction: EntityManager, batches: readonly LeasedBatch[]): Promise<Set<string>> {
    const rows = await rowsOf<{ id: string }>(transaction, HOLD, [
      batches.map(({ id }) => id),
      batches.map(({ epoch }) => epoch),
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  private async markDispatched(pipeline: Pipeline, settlements: readonly Settlement[]): Promise<void> {
    const { manager: transaction } = pipeline;
    const parameters = [
      settlements.map(({ batch }) => batch.id),
      settlements.map(({ acknowledged }) => acknowledged.length),
    ];
    pipeline.send({ text: MARK_DISPATCHED, parameters });
    for (const { tooLarge, error } of settlements) {
      if (tooLarge.length > 0) await transaction.query(MARK_EMAILS_FAILED, [tooLarge, error]);
    }
    const suppressed = settlements.flatMap((settlement) => settlement.suppressed);
    if (suppressed.length > 0) {
      await transaction.query(MARK_EMAILS_SUPPRESSED, [
        suppressed.map(({ id }) => id),
        suppressed.map(({ reason }) => reason),
      ]);
    }
    await this.regroup(
      transaction,
      settlements
        .filter(({ unacknowledged }) => unacknowledged.length > 0)
        .map(({ batch, unacknowledged, delayMs, error }) => ({
          sourceId: batch.id,
          ids: unacknowledged,
          delayMs,
          generationStep: 0,
          attempts: batch.attempts + (error === null ? 0 : 1),
          error,
        })),
    );
  }
}

function leasedBatch(row: Record<string, never>): LeasedBatch {
  return {
    id: row.id,
    epoch: row.epoch,
    generation: row.generation,
    attempts: row.attempts,
    messageId: row.message_id,
    topicId: row.topic_id,
    size: row.size,
    dueAt: row.due_at,
    isFirst: row.is_first,
    isStopped: row.is_stopped,
    isExpired: row.is_expired,
    isPaused: row.is_paused,
  };
}

function emailsOfRow({ id, size, ids, addresses: text, tracking, variables, suppressed }: EmailsRow): BatchEmails {
  const addresses = text.split(' ');
  if (ids === null && addresses.length !== size)
    throw new Error(`batch ${id} has ${addresses.length} of ${size} emails`);
  return { ids: ids?.split(' ') ?? idsFrom(id, size), addresses, tracking, variables, suppressed };
}

/** Nothing acknowledged and something to try again: the batch stays as it is. One that all emails have left is done. */
function isDispatched({ acknowledged, tooLarge, suppressed, unacknowledged }: Settlement): boolean {
  return acknowledged.length + tooLarge.length + suppressed.length > 0 || unacknowledged.length === 0;
}

function movesOf({ batch: { topicId }, acknowledged, tooLarge, suppressed }: Settlement): Move[] {
  return [
    { topicId, from: 'pending', to: 'dispatched', count: acknowledged.length },
    { topicId, from: 'pending', to: 'failed', count: tooLarge.length },
    { topicId, from: 'pending', to: 'suppressed', count: suppressed.length },
  ];
}
