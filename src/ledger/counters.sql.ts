import { STATES } from '../contracts/states.js';
import { EVENT_COLUMNS } from './columns.js';

export const COUNTER_COLUMNS = ['total', ...STATES, ...EVENT_COLUMNS, 'tracked_delivery'] as const;
export const BUCKET_COLUMNS = ['dispatched', ...EVENT_COLUMNS] as const;

const add = (target: string, columns: readonly string[]) =>
  columns.map((name) => `${name} = ${target}.${name} + excluded.${name}`).join(', ');
/** Topics and one array per column, as the parameters from `first` on. */
const deltas = (first: number, columns: readonly string[]) =>
  `unnest($${first}::text[], ${columns.map((_, index) => `$${first + 1 + index}::bigint[]`).join(', ')})
    AS delta (topic_id, ${columns.join(', ')})`;

const addToCounters = (first: number, condition: string) => `
  INSERT INTO topic_counters AS counters (topic_id, ${COUNTER_COLUMNS.join(', ')})
  SELECT * FROM ${deltas(first, COUNTER_COLUMNS)} ${condition}
  ORDER BY topic_id
  ON CONFLICT (topic_id) DO UPDATE SET ${add('counters', COUNTER_COLUMNS)}, last_activity_at = date_trunc('second', now())`;

const addToBuckets = (first: number) => `
  INSERT INTO topic_buckets AS bucket (minute, topic_id, ${BUCKET_COLUMNS.join(', ')})
  SELECT date_trunc('minute', now()), delta.* FROM ${deltas(first, BUCKET_COLUMNS)}
  ORDER BY topic_id
  ON CONFLICT (minute, topic_id) DO UPDATE SET ${add('bucket', BUCKET_COLUMNS)}`;

/**
 * Adds to the counters of many topics. Rows are locked in the order of their topic, so that two transactions never
 * wait for each other crosswise; it is the last statement of its transaction, so that a hot topic's row is held for
 * the commit alone. The activity's time is indexed: by the second, all but one update of a second leave the indexes
 * alone (HOT). Parameters: topics text[], then one bigint[] per column in the order of `COUNTER_COLUMNS`.
 */
export const ADD_TO_COUNTERS = `/* ledger.add_to_counters */ ${addToCounters(1, '')}`;

/**
 * Adds to the buckets of the transaction's minute. Parameters: topics text[], then one bigint[] per column in the
 * order of `BUCKET_COLUMNS`.
 */
export const ADD_TO_BUCKETS = `/* ledger.add_to_buckets */ ${addToBuckets(1)}`;

/**
 * Both, the buckets first: the condition is evaluated once, before the first counter is locked. Parameters: those of
 * the buckets, then those of the counters.
 */
export const ADD_TO_BOTH = `/* ledger.add_to_both */
  WITH added AS (${addToBuckets(1)} RETURNING 1)
  ${addToCounters(BUCKET_COLUMNS.length + 2, 'WHERE (SELECT count(*) FROM added) > 0')}`;
