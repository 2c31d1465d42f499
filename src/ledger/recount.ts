import type { DataSource, EntityManager } from 'typeorm';
import { STATES, stateOf } from '../contracts/states.js';
import { EVENT_COLUMNS, type EventColumn } from './columns.js';
import {
  COUNT_STRAYS,
  RECOUNT_BUCKETS,
  RECOUNT_EVENTS,
  RECOUNT_STATES,
  RECOUNT_TOTALS,
  WRONG_BUCKETS,
  WRONG_EVENTS,
  WRONG_SIZES,
} from './recount.sql.js';
import { TopicCounters } from './topic-counters.entity.js';

/**
 * Computes every counter anew from the facts, in one snapshot, and returns a sentence for each difference. Nothing is
 * changed: a difference is a fault to be understood.
 */
export function recount(dataSource: DataSource): Promise<string[]> {
  return dataSource.transaction('REPEATABLE READ', async (snapshot) => {
    await snapshot.query(`SET LOCAL statement_timeout = 0`);
    return [
      ...(await counterDifferences(snapshot)),
      ...(await otherDifferences(snapshot)),
      ...(await eventDifferences(snapshot)),
    ];
  });
}

async function counterDifferences(snapshot: EntityManager): Promise<string[]> {
  const counted = new Map<string, number>();
  const states = await snapshot.query<{ topic_id: string; state: number; count: number }[]>(RECOUNT_STATES);
  for (const { topic_id, state, count } of states) counted.set(`${topic_id} ${stateOf(state)}`, count);
  const totals = await snapshot.query<{ topic_id: string; count: number }[]>(RECOUNT_TOTALS);
  for (const { topic_id, count } of totals) counted.set(`${topic_id} total`, count);

  const differences: string[] = [];
  for (const counters of await snapshot.find(TopicCounters)) {
    for (const column of ['total', ...STATES] as const) {
      const key = `${counters.topicId} ${column}`;
      const facts = counted.get(key) ?? 0;
      counted.delete(key);
      if (facts !== Number(counters[column])) {
        differences.push(`topic "${counters.topicId}": ${column} is ${counters[column]}, counted ${facts}`);
      }
    }
  }
  for (const [key, facts] of counted) differences.push(`topic "${key}": has no counters, counted ${facts}`);
  return differences;
}

async function otherDifferences(snapshot: EntityManager): Promise<string[]> {
  const [strays] = await snapshot.query<{ count: number }[]>(COUNT_STRAYS);
  const sizes = await snapshot.query<{ id: string; size: number; count: number }[]>(WRONG_SIZES);
  const buckets =
    await snapshot.query<{ minute: Date; topic_id: string; stored: number; counted: number }[]>(WRONG_BUCKETS);
  return [
    ...(strays.count === 0 ? [] : [`${strays.count} emails belong to no batch`]),
    ...sizes.map(({ id, size, count }) => `batch ${id}: size is ${size}, counted ${count}`),
    ...buckets.map(
      ({ minute, topic_id, stored, counted }) =>
        `topic "${topic_id}" at ${minute.toISOString()}: dispatched is ${stored}, counted ${counted}`,
    ),
  ];
}

type Counts = Partial<Record<EventColumn | 'tracked_delivery', number | string>> & { topic_id: string };

/** Counters and buckets against the emails' bits, and the bits against the stored events. */
async function eventDifferences(snapshot: EntityManager): Promise<string[]> {
  const stored = await snapshot.query<Counts[]>('SELECT * FROM topic_counters');
  const facts = byTopic(await snapshot.query<Counts[]>(RECOUNT_EVENTS));
  const buckets = byTopic(await snapshot.query<Counts[]>(RECOUNT_BUCKETS));
  const bits = await snapshot.query<{ email_id: string; stored: number; counted: number }[]>(WRONG_EVENTS);
  const known = new Set(stored.map(({ topic_id }) => topic_id));
  const unknown = [...facts.keys(), ...buckets.keys()].filter((topicId) => !known.has(topicId));
  return [
    ...stored.flatMap((counters) => {
      const topicId = counters.topic_id;
      return [
        ...differing([...EVENT_COLUMNS, 'tracked_delivery'], counters, facts.get(topicId)),
        ...differing(EVENT_COLUMNS, counters, buckets.get(topicId)).map((text) => `${text} in buckets`),
      ];
    }),
    ...[...new Set(unknown)].map((topicId) => `topic "${topicId}": has events and no counters`),
    ...bits.map(({ email_id, stored, counted }) => `email ${email_id}: event bits are ${stored}, counted ${counted}`),
  ];
}

function byTopic(rows: readonly Counts[]): Map<string, Counts> {
  return new Map(rows.map((row) => [row.topic_id, row]));
}

function differing(columns: readonly (keyof Counts)[], stored: Counts, counted: Counts | undefined): string[] {
  return columns
    .filter((column) => Number(stored[column]) !== Number(counted?.[column] ?? 0))
    .map((column) => `topic "${stored.topic_id}": ${column} is ${stored[column]}, counted ${counted?.[column] ?? 0}`);
}
