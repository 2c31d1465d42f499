import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { STATES, type State, TRANSITIONS } from '../contracts/states.js';
import { ADD_TO_BUCKETS, ADD_TO_COUNTERS } from './counters.sql.js';

/** `count` emails of a topic go from one state to another; `accepted` is how they enter. */
export interface Move {
  topicId: string;
  from: State | 'accepted';
  to: State;
  count: number;
}

/**
 * The only writer of counters and buckets. It runs inside the transaction that changes the emails, as its last
 * statement, so that no read ever sees a sum that does not add up.
 */
@Injectable()
export class LedgerService {
  /** Moves emails between states; throws on a transition that `contracts/states.ts` does not allow. */
  async move(transaction: EntityManager, moves: readonly Move[]): Promise<void> {
    const deltas = new Map<string, Map<State | 'total', number>>();
    for (const { topicId, from, to, count } of moves) {
      if (!TRANSITIONS[from].includes(to)) throw new Error(`no email goes from ${from} to ${to}`);
      if (count === 0) continue;
      const delta = deltas.get(topicId) ?? new Map<State | 'total', number>();
      deltas.set(topicId, delta);
      const source = from === 'accepted' ? 'total' : from;
      delta.set(source, (delta.get(source) ?? 0) + (from === 'accepted' ? count : -count));
      delta.set(to, (delta.get(to) ?? 0) + count);
    }
    if (deltas.size === 0) return;
    const all = [...deltas.values()];
    await transaction.query(ADD_TO_COUNTERS, [
      [...deltas.keys()],
      ...(['total', ...STATES] as const).map((column) => all.map((delta) => delta.get(column) ?? 0)),
    ]);
  }

  /** Counts emails dispatched for the first time in the current minute. Before `move`: counters come last. */
  async countFirstDispatches(transaction: EntityManager, countByTopic: ReadonlyMap<string, number>): Promise<void> {
    if (countByTopic.size === 0) return;
    await transaction.query(ADD_TO_BUCKETS, [[...countByTopic.keys()], [...countByTopic.values()]]);
  }
}
