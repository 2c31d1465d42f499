import { STATES } from '../contracts/states.js';
import { EVENT_COLUMNS } from './columns.js';

export const COUNTER_COLUMNS = ['total', ...STATES, ...EVENT_COLUMNS, 'tracked_delivery'] as const;
export const BUCKET_COLUMNS = ['dispatched', ...EVENT_COLUMNS] as const;

const add = (target: string, columns: readonly string[]) =>
  columns.map((name) => `${name} = ${target}.${name} + excluded.${name}`).join(', ');
const arrays = (columns: readonly string[]) => columns.map((_, index) => `$${index + 2}::bigint[]`).join(', ');

const addToCounters = (name: string, columns: readonly string[]) => `/* ledger.${name} */
  INSERT INTO topic_counters AS counters (topic_id, ${columns.join(', ')})
  SELECT * FROM unnest($1::text[], ${arrays(columns)}) AS delta (topic_id, ${columns.join(', ')})
  ORDER BY topic_id
  ON CONFLICT (topic_id) DO UPDATE SET ${add('counters', columns)}, last_activity_at = date_trunc('second', now())`;

/**
 * Adds to the counters of many topics. Rows are locked in the order of their topic, so that two transactions never
 * wait for each other crosswise; it is the last statement of its transaction, so that a hot topic's row is held for
 * the commit alone. The activity's time is indexed: by the second, all but one update of a second leave the indexes
 * alone (HOT). Parameters: topics text[], then one bigint[] per column in the order of `COUNTER_COLUMNS`.
 */
export const ADD_TO_COUNTERS = addToCounters('add_to_counters', COUNTER_COLUMNS);

/**
 * The same for what is no longer stored, of which the counters keep everything. Parameters: those of
 * `ledger.add_to_counters`.
 */
export const ADD_TO_REMOVED = `/* ledger.add_to_removed */
  INSERT INTO removed_counters AS removed (topic_id, ${COUNTER_COLUMNS.join(', ')})
  SELECT * FROM unnest($1::text[], ${arrays(COUNTER_COLUMNS)}) AS delta (topic_id, ${COUNTER_COLUMNS.join(', ')})
  ORDER BY topic_id
  ON CONFLICT (topic_id) DO UPDATE SET ${add('removed', COUNTER_COLUMNS)}`;

/** All that acceptance moves. */
export const ACCEPTANCE_COLUMNS = ['total', 'pending', 'suppressed'] as const;

/** The same with a tenth of the columns, since most transactions that accept are small. */
export const ADD_ACCEPTED_TO_COUNTERS = addToCounters('add_accepted_to_counters', ACCEPTANCE_COLUMNS);

/**
 * Adds to the buckets of the transaction's minute. Parameters: topics text[], then one bigint[] per column in the
 * order of `BUCKET_COLUMNS`.
 */
export const ADD_TO_BUCKETS = `/* ledger.add_to_buckets */
  INSERT INTO topic_buckets AS bucket (minute, topic_id, ${BUCKET_COLUMNS.join(', ')})
  SELECT date_trunc('minute', now()), delta.*
  FROM unnest($1::text[], ${arrays(BUCKET_COLUMNS)}) AS delta (topic_id, ${BUCKET_COLUMNS.join(', ')})
  ORDER BY topic_id
  ON CONFLICT (minute, topic_id) DO UPDATE SET ${add('bucket', BUCKET_COLUMNS)}`;
