import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { rangesOf } from '../contracts/ids.js';
import { idList } from '../database/id-list.js';
import { rowsOf } from '../database/statement.js';
import { type Block, RecipientCheck } from '../suppressions/recipient-check.js';
import { BatchesInOrder } from './batches-in-order.js';
import { LOCK_FOR_SENDING, READ_FOR_SENDING } from './emails.sql.js';
import {
  blockOf,
  type ClaimedEmail,
  type EmailToSend,
  type JudgedBatch,
  STATE_OF_VERDICT,
  verdictOf,
} from './judging.js';
import { JUDGE_BY_ID, JUDGE_RANGES } from './judging.sql.js';

/** With why nothing is sent to its address. */
export type JudgedEmail = ClaimedEmail & { block: Block | null };

/** Generations of deliveries, by the ids of their emails. */
type Generations = Map<string, number>;

/** Says what shall become of emails that a sender holds in its hands. */
@Injectable()
export class JudgingRepository {
  constructor(private readonly recipients: RecipientCheck) {}

  /**
   * Locks what is still as its batch, and judges all. The batches are read after the locks are had, in another snapshot: an
   * email that is locked keeps its batch, and what was dispatched, stopped or paused meanwhile only makes the verdict newer.
   */
  async lock(
    transaction: EntityManager,
    wanted: readonly { id: string; generation: number }[],
  ): Promise<JudgedEmail[]> {
    const generations: Generations = new Map(wanted.map(({ id, generation }) => [id, generation]));
    const ids = [...generations.keys()];
    const { firsts, lasts } = rangesOf(ids);
    const [rows, ranged] = await Promise.all([
      rowsOf<EmailToSend>(transaction, LOCK_FOR_SENDING, [idList(ids)]),
      rowsOf<JudgedBatch>(transaction, JUDGE_RANGES, [idList(firsts), idList(lasts)]),
    ]);
    const locked = await this.judge(transaction, rows, ranged, generations);
    if (generations.size === 0) return locked;
    const left = await rowsOf<EmailToSend>(transaction, READ_FOR_SENDING, [idList([...generations.keys()])]);
    const others = await this.judge(transaction, left, ranged, generations);
    for (const email of others) {
      // Another transaction holds it at this moment.
      if (STATE_OF_VERDICT[email.verdict] !== undefined) email.verdict = 'in_flight';
    }
    return [...locked, ...others, ...[...generations.keys()].map(unknownEmail)];
  }

  /** Takes what it judges out of `generations`. */
  private async judge(
    transaction: EntityManager,
    rows: readonly EmailToSend[],
    ranged: readonly JudgedBatch[],
    generations: Generations,
  ): Promise<JudgedEmail[]> {
    const named = new Set<string>();
    for (const { batch_id: batchId } of rows) if (batchId !== null) named.add(batchId);
    const explicit = named.size === 0 ? [] : await rowsOf<JudgedBatch>(transaction, JUDGE_BY_ID, [idList([...named])]);
    const batches = new BatchesInOrder(ranged, explicit);
    return rows.map((row) => {
      const generation = generations.get(row.id)!;
      generations.delete(row.id);
      return this.judged(row, batches.of(row), generation);
    });
  }

  /** With the last look at ALLOWED_RECIPIENTS: a stream filled by another gateway's list is not believed. */
  private judged(row: EmailToSend, batch: JudgedBatch | undefined, generation: number): JudgedEmail {
    const { id, address, tracking, variables, attempts } = row;
    if (!batch) return unknownEmail(id);
    let verdict = verdictOf(row, batch, generation);
    let block: Block | null = verdict === 'suppress' ? blockOf(row, batch) : null;
    if (verdict === 'send' && !this.recipients.isAllowedHere(address)) {
      verdict = 'suppress';
      block = 'not_allowed_here';
    }
    const { id: batchId, message_id: messageId, topic_id: topicId } = batch;
    return { id, address, tracking, variables, batchId, messageId, topicId, attempt: attempts + 1, verdict, block };
  }
}

function unknownEmail(id: string): JudgedEmail {
  const nothing = { address: '', tracking: null, variables: null, batchId: '', messageId: '', topicId: '', attempt: 0 };
  return { id, ...nothing, verdict: 'unknown', block: null };
}
