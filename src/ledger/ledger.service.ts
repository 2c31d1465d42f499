import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type State, TRANSITIONS } from '../contracts/states.js';
import { bigintArray, textArray, timestamptzArray } from '../database/binary-array.js';
import type { EncodedStatement } from '../database/statement-group.js';
import { runAll } from '../database/statement.js';
import { ADD_REMOVED_TO_BUCKETS, FOLD_BUCKETS } from './buckets.sql.js';
import type { EventColumn } from './columns.js';
import {
  ACCEPTANCE_COLUMNS,
  ADD_ACCEPTED_TO_COUNTERS,
  ADD_TO_BUCKETS,
  ADD_TO_COUNTERS,
  ADD_TO_REMOVED,
  BUCKET_COLUMNS,
  COUNTER_COLUMNS,
} from './counters.sql.js';
import { TopicBucket } from './topic-bucket.entity.js';

/** `count` emails of a topic go from one state to another; `accepted` is how they enter. */
export interface Move {
  topicId: string;
  from: State | 'accepted';
  to: State;
  count: number;
}

/** `count` emails of a topic have something for the first time. */
export interface Tally {
  topicId: string;
  /** `first_dispatch` stands in the buckets alone, `tracked_delivery` in the counters alone. */
  what: EventColumn | 'first_dispatch' | 'tracked_delivery';
  count: number;
}

/** What leaves the ledger and stays in its counters. */
export interface Removal {
  /** By topic and column; of a message's emails the total leaves with the message. */
  counts: readonly { topicId: string; column: (typeof COUNTER_COLUMNS)[number]; count: number }[];
  /** First dispatches by hour. */
  dispatched: readonly { hour: Date; topicId: string; count: number }[];
}

/** Deltas by topic and column. */
class Deltas<Column extends string> {
  private readonly byTopic = new Map<string, Map<Column, number>>();

  add(topicId: string, column: Column, count: number): void {
    if (count === 0) return;
    const delta = this.byTopic.get(topicId) ?? new Map<Column, number>();
    this.byTopic.set(topicId, delta);
    delta.set(column, (delta.get(column) ?? 0) + count);
  }

  /** Whether there is nothing to add to any other column. */
  isWithin(columns: readonly Column[]): boolean {
    return [...this.byTopic.values()].every((delta) => [...delta.keys()].every((column) => columns.includes(column)));
  }

  /** The statement that adds them; none where there is nothing to add. */
  statements(text: string, columns: readonly Column[]): EncodedStatement[] {
    if (this.byTopic.size === 0) return [];
    const deltas = [...this.byTopic.values()];
    const parameters = [
      textArray([...this.byTopic.keys()]),
      ...columns.map((column) => bigintArray(deltas.map((delta) => delta.get(column) ?? 0))),
    ];
    return [{ text, parameters }];
  }
}

/**
 * The only writer of counters and buckets. It runs inside the transaction that changes the emails, as its last
 * statements, so that no read ever sees a sum that does not add up.
 */
@Injectable()
export class LedgerService {
  constructor(@InjectRepository(TopicBucket) private readonly buckets: Repository<TopicBucket>) {}

  async move(transaction: EntityManager, moves: readonly Move[], tallies: readonly Tally[] = []): Promise<void> {
    await runAll(transaction, this.statements(moves, tallies));
  }

  /** What `move` runs, for a transaction that is sent at once. Throws on a transition that `contracts/states.ts` does not allow. */
  statements(moves: readonly Move[], tallies: readonly Tally[] = []): EncodedStatement[] {
    const counters = new Deltas<(typeof COUNTER_COLUMNS)[number]>();
    const buckets = new Deltas<(typeof BUCKET_COLUMNS)[number]>();
    for (const { topicId, from, to, count } of moves) {
      if (!TRANSITIONS[from].includes(to)) throw new Error(`no email goes from ${from} to ${to}`);
      if (from === 'accepted') counters.add(topicId, 'total', count);
      else counters.add(topicId, from, -count);
      counters.add(topicId, to, count);
    }
    for (const { topicId, what, count } of tallies) {
      if (what === 'first_dispatch') buckets.add(topicId, 'dispatched', count);
      else {
        counters.add(topicId, what, count);
        if (what !== 'tracked_delivery') buckets.add(topicId, what, count);
      }
    }
    return [
      ...buckets.statements(ADD_TO_BUCKETS, BUCKET_COLUMNS),
      ...(counters.isWithin(ACCEPTANCE_COLUMNS)
        ? counters.statements(ADD_ACCEPTED_TO_COUNTERS, ACCEPTANCE_COLUMNS)
        : counters.statements(ADD_TO_COUNTERS, COUNTER_COLUMNS)),
    ];
  }

  /** In the transaction that removes the facts; only what is older than the minutes that are kept. */
  async remove(transaction: EntityManager, { counts, dispatched }: Removal): Promise<void> {
    const deltas = new Deltas<(typeof COUNTER_COLUMNS)[number]>();
    for (const { topicId, column, count } of counts) deltas.add(topicId, column, count);
    await runAll(transaction, deltas.statements(ADD_TO_REMOVED, COUNTER_COLUMNS));
    if (dispatched.length === 0) return;
    await transaction.query(ADD_REMOVED_TO_BUCKETS, [
      timestamptzArray(dispatched.map(({ hour }) => hour)),
      textArray(dispatched.map(({ topicId }) => topicId)),
      bigintArray(dispatched.map(({ count }) => count)),
    ]);
  }

  /** Minutes of long ago become hours. */
  async foldBuckets(): Promise<void> {
    await this.buckets.query(FOLD_BUCKETS);
  }
}
