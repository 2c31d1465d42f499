import { bitOf } from '../contracts/event-types.js';
import { CODE, STATES } from '../contracts/states.js';
import { EVENT_COLUMNS } from '../ledger/columns.js';
import { BATCH_OF_EMAIL } from '../messages/messages.sql.js';

/** What is counted of emails, in the words of the counters. */
export const SURVEYED_COLUMNS = [...STATES, ...EVENT_COLUMNS, 'tracked_delivery'] as const;

/** An email's state. Without a batch there is none, and it is not finished. */
const STATE = 'coalesce(e.state, b.state)';

const having = (condition: string, name: string) => `(count(*) FILTER (WHERE ${condition}))::int AS ${name}`;

const COUNTS = [
  ...STATES.map((state) => having(`${STATE} = ${CODE[state]}`, state)),
  ...EVENT_COLUMNS.map((name, bit) => having(`e.events & ${1 << bit} <> 0`, name)),
  having(
    `e.events & ${bitOf('Delivery')} <> 0
      AND coalesce(e.tracking & 1 = 1, (SELECT track_opens FROM messages WHERE id = b.message_id))`,
    'tracked_delivery',
  ),
].join(',\n    ');

/**
 * The emails of some ranges of ids, by range and topic: how many there are in what state and with which events, whether all
 * of them are finished, and were so at a moment. When an email came to its end is said by itself or by its batch, of which
 * the latest word counts: a retry accepts its batch anew. Parameters: first ids, ids behind the last, emails per range,
 * codes of the states that are no end, the moment.
 */
export const SURVEY = `/* retention.survey */
  SELECT range.first, b.topic_id, count(*)::int AS emails, (array_agg(e.id ORDER BY e.id DESC))[1] AS last_id,
    bool_and(coalesce(${STATE} <> ALL ($4::smallint[]), false)) AS is_finished,
    max(greatest(e.ended_at, e.sent_at, b.ended_at, b.dispatched_at, b.accepted_at)) AS ended_at,
    coalesce(max(greatest(e.ended_at, e.sent_at, b.ended_at, b.dispatched_at, b.accepted_at)) <= $5, false) AS is_past,
    ${COUNTS}
  FROM unnest($1::uuid[], $2::uuid[]) AS range (first, behind)
  CROSS JOIN LATERAL (
    SELECT id, state, batch_id, events, tracking, ended_at, sent_at
    FROM emails WHERE id >= range.first AND id < range.behind ORDER BY id LIMIT $3
  ) AS e
  ${BATCH_OF_EMAIL}
  GROUP BY range.first, b.topic_id`;
