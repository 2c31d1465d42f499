import type { DataSource, EntityManager } from 'typeorm';
import { STATES, stateOf } from '../contracts/states.js';
import { COUNT_STRAYS, RECOUNT_STATES, RECOUNT_TOTALS, WRONG_BUCKETS, WRONG_SIZES } from './recount.sql.js';
import { TopicCounters } from './topic-counters.entity.js';

/**
 * Computes every counter anew from the facts, in one snapshot, and returns a sentence for each difference. Nothing is
 * changed: a difference is a fault to be understood.
 */
export function recount(dataSource: DataSource): Promise<string[]> {
  return dataSource.transaction('REPEATABLE READ', async (snapshot) => {
    await snapshot.query(`SET LOCAL statement_timeout = 0`);
    return [...(await counterDifferences(snapshot)), ...(await otherDifferences(snapshot))];
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
