import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { EVENT_TYPES, type EventType } from '../contracts/event-types.js';
import { STATES, type State } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { TIMELINE } from '../ledger/buckets.sql.js';
import { columnOf, type EventColumn } from '../ledger/columns.js';
import { TopicCounters } from '../ledger/topic-counters.entity.js';
import type { Period } from './timeline.js';
import { COUNT_DISPATCHED, LIST_TOPICS, STOP_TOPIC, TOPIC_COUNTS } from './topics.sql.js';

export interface TopicCounts {
  total: number;
  states: Record<State, number>;
  /** Distinct emails per type. */
  events: Record<EventType, number>;
  /** Of the opens, those by a person. */
  humanOpens: number;
  trackedDeliveries: number;
  pausedAt: Date | null;
  pauseReason: string | null;
}

export interface ListedTopic extends TopicCounts {
  topicId: string;
  lastActivityAt: Date;
  /** Where the list goes on after this topic. */
  cursor: TopicsCursor;
}

/** The time in microseconds, which a Date would round. */
export interface TopicsCursor {
  activityUs: string;
  topicId: string;
}

export interface TimelineBucket extends Pick<TopicCounts, 'events' | 'humanOpens'> {
  at: Date;
  dispatched: number;
}

/** Counts are bigint, which node-postgres gives as text. */
type CounterRow = Record<State | EventColumn | 'total' | 'tracked_delivery', string | null> & {
  paused_at: Date | null;
  pause_reason: string | null;
};
type ListedRow = CounterRow & { topic_id: string; last_activity_at: Date; activity_us: string };
type BucketRow = Record<EventColumn | 'dispatched', number> & { at: Date };

@Injectable()
export class TopicsRepository {
  constructor(@InjectRepository(TopicCounters) private readonly counters: Repository<TopicCounters>) {}

  transaction<Result>(work: (transaction: EntityManager) => Promise<Result>): Promise<Result> {
    return this.counters.manager.transaction(work);
  }

  /** The topic's counters from one row, so that the states always add up to the total; zeros for an unknown topic. */
  async counts(topicId: string, manager: EntityManager = this.counters.manager): Promise<TopicCounts> {
    const [row] = await rowsOf<CounterRow>(manager, TOPIC_COUNTS, [topicId]);
    return countsOf(row);
  }

  /** Topics after the cursor, newest activity first. */
  async list(after: TopicsCursor | null, limit: number): Promise<ListedTopic[]> {
    const rows = await rowsOf<ListedRow>(this.counters.manager, LIST_TOPICS, [
      after?.activityUs ?? null,
      after?.topicId ?? null,
      limit,
    ]);
    return rows.map((row) => ({
      ...countsOf(row),
      topicId: row.topic_id,
      lastActivityAt: row.last_activity_at,
      cursor: { activityUs: row.activity_us, topicId: row.topic_id },
    }));
  }

  /** The buckets of the period in which something happened, in no order. */
  async timeline(topicId: string, { interval, from, to }: Period): Promise<TimelineBucket[]> {
    const rows = await rowsOf<BucketRow>(this.counters.manager, TIMELINE, [topicId, interval, from, to]);
    return rows.map((row) => ({
      at: row.at,
      dispatched: row.dispatched,
      events: eventsOf(row),
      humanOpens: row.human_open,
    }));
  }

  async stop(transaction: EntityManager, topicId: string): Promise<void> {
    await transaction.query(STOP_TOPIC, [topicId]);
  }

  async countDispatched(hours: number): Promise<{ since: Date; count: number }> {
    const [row] = await rowsOf<{ since: Date; count: number }>(this.counters.manager, COUNT_DISPATCHED, [hours]);
    return row;
  }
}

function countsOf(row: CounterRow): TopicCounts {
  const states = Object.fromEntries(STATES.map((state) => [state, Number(row[state] ?? 0)]));
  return {
    total: Number(row.total ?? 0),
    states: states as Record<State, number>,
    events: eventsOf(row),
    humanOpens: Number(row.human_open ?? 0),
    trackedDeliveries: Number(row.tracked_delivery ?? 0),
    pausedAt: row.paused_at,
    pauseReason: row.pause_reason,
  };
}

function eventsOf(row: Record<EventColumn, string | number | null>): Record<EventType, number> {
  const counts = EVENT_TYPES.map((type) => [type, Number(row[columnOf(type)] ?? 0)]);
  return Object.fromEntries(counts) as Record<EventType, number>;
}
