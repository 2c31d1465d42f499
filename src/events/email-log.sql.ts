import { CODE, type State } from '../contracts/states.js';
import { BATCH_OF_EMAIL, EMAIL_COLUMNS, MESSAGE_OF_BATCH } from '../messages/messages.sql.js';

/**
 * The log reads candidates, newest first and never more than a budget, and filters them. Parameters of every statement:
 * $1 the id below which to look, $2 the lowest id, $3 topic, $4 state code, $5 address in lower case (each null where
 * it does not matter), $6 the budget, $7 how many rows are wanted.
 */
const IN_SPAN = 'id < $1::uuid AND id >= $2::uuid';

/** The last id that the range of a message may hold (contracts/ids.ts). */
const LAST_OF_RANGE = `(left(m.first_email_id::text, 33) || 'fff')::uuid`;

/** All emails by their key. */
const ALL = `SELECT * FROM emails WHERE ${IN_SPAN} ORDER BY id DESC LIMIT $6`;

/** A topic's emails: the ranges of its messages, one after the other. */
const OF_TOPIC = `
  SELECT e.*, m.first_email_id AS range
  FROM messages m CROSS JOIN LATERAL (
    SELECT * FROM emails WHERE id BETWEEN m.first_email_id AND ${LAST_OF_RANGE} AND ${IN_SPAN} ORDER BY id DESC LIMIT $6
  ) AS e
  WHERE m.topic_id = $3 AND m.first_email_id < $1::uuid
  ORDER BY m.first_email_id DESC, e.id DESC LIMIT $6`;

/** An address's emails. Materialized, so that it is never sought by reading all emails from the newest on. */
const OF_ADDRESS = `
  SELECT * FROM (
    WITH found AS MATERIALIZED (SELECT * FROM emails WHERE lower(address) = $5) SELECT * FROM found
  ) AS found WHERE ${IN_SPAN} ORDER BY id DESC LIMIT $6`;

/** What senders hold at this moment. */
const SENDING = `
  SELECT * FROM emails
  WHERE id = ANY (ARRAY(SELECT unnest(ids) FROM sender_claims)) AND ${IN_SPAN} ORDER BY id DESC LIMIT $6`;

const FIRST_OF_TOPIC = (order: 'ASC' | 'DESC') =>
  `(SELECT first_email_id FROM messages WHERE topic_id = $3 ORDER BY first_email_id ${order} LIMIT 1)`;

/** Emails whose own state is an exception; of a topic, those of its lifetime, which others may share. */
const BY_OWN_STATE = (code: number) => `
  SELECT * FROM emails
  WHERE state = ${code} AND ${IN_SPAN} AND id >= CASE WHEN $3::text IS NULL THEN $2::uuid ELSE ${FIRST_OF_TOPIC('ASC')} END
    AND id <= CASE WHEN $3::text IS NULL THEN $1::uuid ELSE (left(${FIRST_OF_TOPIC('DESC')}::text, 33) || 'fff')::uuid END
  ORDER BY id DESC LIMIT $6`;

/** Emails that are as their batch, by batches that are ranges and by batches that list ids. */
const BY_BATCH_STATE = (code: number) => `
  (SELECT e.* FROM batches b CROSS JOIN LATERAL (
     SELECT * FROM emails
     WHERE id BETWEEN b.id AND b.last_id AND ${IN_SPAN} AND batch_id IS NULL AND state IS NULL ORDER BY id DESC LIMIT $6
   ) AS e
   WHERE b.state = ${code} AND b.last_id IS NOT NULL AND b.id < $1::uuid AND b.last_id >= $2::uuid
     AND ($3::text IS NULL OR b.topic_id = $3)
   ORDER BY b.id DESC LIMIT $6)
  UNION ALL
  (SELECT e.* FROM batches b JOIN emails e ON e.id = ANY (b.ids) AND e.batch_id = b.id AND e.state IS NULL
   WHERE b.state = ${code} AND b.ids IS NOT NULL AND e.id < $1::uuid AND e.id >= $2::uuid
     AND ($3::text IS NULL OR b.topic_id = $3)
   ORDER BY e.id DESC LIMIT $6)`;

const OF_STATE = (sources: readonly string[]) => `
  SELECT * FROM (${sources.map((source) => `(${source})`).join(' UNION ALL ')}) AS found
  ORDER BY id DESC LIMIT $6`;

const EXCEPTIONS: readonly State[] = [
  'bounced',
  'complained',
  'failed',
  'stopped',
  'suppressed',
  'expired',
  'uncertain',
];
const OF_BATCHES: readonly State[] = ['failed', 'stopped', 'suppressed', 'expired'];

const BY_STATE: Partial<Record<State, string>> = {
  sending: SENDING,
  pending: OF_STATE([BY_BATCH_STATE(CODE.pending)]),
  ...Object.fromEntries(
    EXCEPTIONS.map((state) => {
      const own = BY_OWN_STATE(CODE[state]);
      return [state, OF_STATE(OF_BATCHES.includes(state) ? [own, BY_BATCH_STATE(CODE[state])] : [own])];
    }),
  ),
};

export interface LogFilter {
  topicId: string | null;
  state: State | null;
  address: string | null;
}

export interface LogSource {
  sql: string;
  /** Whether every candidate is wanted. */
  isExact: boolean;
  /** The order of the candidates, by names that the planner knows it for, so that it stops at the page's end. */
  order: string;
}

/**
 * Where candidates are sought: by what is rarest. The states that most emails have (dispatched, sent, delivered) are no
 * way to seek.
 */
export function sourceOf({ topicId, state, address }: LogFilter): LogSource {
  const order = 'e.id DESC';
  if (address !== null) return { sql: OF_ADDRESS, isExact: topicId === null && state === null, order };
  const byState = state && BY_STATE[state];
  if (byState) return { sql: byState, isExact: topicId === null && state !== 'sending', order };
  if (topicId === null) return { sql: ALL, isExact: state === null, order };
  return { sql: OF_TOPIC, isExact: state === null, order: 'e.range DESC, e.id DESC' };
}

export const LOG_PAGE = ({ sql, order }: LogSource) => `/* email_log.page */
  SELECT ${EMAIL_COLUMNS}
  FROM (${sql}) AS e ${BATCH_OF_EMAIL} ${MESSAGE_OF_BATCH}
  WHERE ($3::text IS NULL OR m.topic_id = $3)
    AND ($4::smallint IS NULL OR coalesce(e.state, b.state) = $4)
    AND ($5::text IS NULL OR lower(e.address) = $5)
  ORDER BY ${order} LIMIT $7`;

/** The id at which the budget was used up, and how many candidates there were. */
export const LOG_END = ({ sql }: LogSource) => `/* email_log.end */
  SELECT count(*)::int AS candidates, (array_agg(id ORDER BY id))[1] AS last
  FROM (${sql}) AS e
  WHERE ($3::text, $4::smallint, $5::text, $7::int) IS NOT NULL OR true`;
