import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { STATES, type State } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { TopicCounters } from '../ledger/topic-counters.entity.js';
import { COUNT_DISPATCHED, STOP_TOPIC } from './topics.sql.js';

export interface TopicCounts {
  total: number;
  states: Record<State, number>;
}

@Injectable()
export class TopicsRepository {
  constructor(@InjectRepository(TopicCounters) private readonly counters: Repository<TopicCounters>) {}

  transaction<Result>(work: (transaction: EntityManager) => Promise<Result>): Promise<Result> {
    return this.counters.manager.transaction(work);
  }

  /** The topic's counters from one row, so that the states always add up to the total; zeros for an unknown topic. */
  async counts(topicId: string, manager: EntityManager = this.counters.manager): Promise<TopicCounts> {
    const row = await manager.findOneBy(TopicCounters, { topicId });
    const states = Object.fromEntries(STATES.map((state) => [state, Number(row?.[state] ?? 0)]));
    return { total: Number(row?.total ?? 0), states: states as Record<State, number> };
  }

  async stop(transaction: EntityManager, topicId: string): Promise<void> {
    await transaction.query(STOP_TOPIC, [topicId]);
  }

  async countDispatched(hours: number): Promise<{ since: Date; count: number }> {
    const [row] = await rowsOf<{ since: Date; count: number }>(this.counters.manager, COUNT_DISPATCHED, [hours]);
    return row;
  }
}
