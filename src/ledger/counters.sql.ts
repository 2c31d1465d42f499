import { STATES } from '../contracts/states.js';

const columns = ['total', ...STATES];

/**
 * Adds to the counters of many topics. Rows are locked in the order of their topic, so that two transactions never
 * wait for each other crosswise; it is the last statement of its transaction, so that a hot topic's row is held for
 * the commit alone. Parameters: topics text[], then one bigint[] per column in the order of `columns`.
 */
export const ADD_TO_COUNTERS = `/* ledger.add_to_counters */
  INSERT INTO topic_counters AS counters (topic_id, ${columns.join(', ')})
  SELECT * FROM unnest($1::text[], ${columns.map((_, index) => `$${index + 2}::bigint[]`).join(', ')})
    AS delta (topic_id, ${columns.join(', ')})
  ORDER BY topic_id
  ON CONFLICT (topic_id) DO UPDATE SET ${columns.map((name) => `${name} = counters.${name} + excluded.${name}`).join(', ')}`;

/** Parameters: topics text[], emails dispatched for the first time bigint[]. The minute is the transaction's. */
export const ADD_TO_BUCKETS = `/* ledger.add_to_buckets */
  INSERT INTO topic_buckets AS bucket (minute, topic_id, dispatched)
  SELECT date_trunc('minute', now()), topic_id, dispatched
  FROM unnest($1::text[], $2::bigint[]) AS delta (topic_id, dispatched)
  ORDER BY topic_id
  ON CONFLICT (minute, topic_id) DO UPDATE SET dispatched = bucket.dispatched + excluded.dispatched`;
