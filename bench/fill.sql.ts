import { bitOf, EVENT_TYPES, type EventType, HUMAN_OPEN_BIT } from '../src/contracts/event-types.js';
import { CODE, type State, STATES } from '../src/contracts/states.js';
import { FOLDED_BEFORE } from '../src/ledger/buckets.sql.js';
import { columnOf, EVENT_COLUMNS } from '../src/ledger/columns.js';

/** Emails of one topic and moment: one message of as many, or as many messages of one. Every block is made alike. */
export const BLOCK = 1_000;

/** What becomes of the emails of a block: how many, in which state, by which events. */
const FATES: readonly { count: number; state: State; events: readonly EventType[]; reason?: string }[] = [
  { count: 470, state: 'delivered', events: ['Delivery', 'Send', 'Open'] },
  { count: 470, state: 'delivered', events: ['Delivery', 'Send', 'Subscription'] },
  { count: 30, state: 'sent', events: ['Send', 'DeliveryDelay', 'Subscription'] },
  { count: 20, state: 'bounced', events: ['Bounce', 'Send', 'DeliveryDelay'], reason: 'smtp; 550 5.1.1 user unknown' },
  { count: 2, state: 'complained', events: ['Complaint', 'Delivery', 'Send'], reason: 'complained: abuse' },
  { count: 8, state: 'failed', events: ['Reject', 'Send', 'DeliveryDelay'], reason: 'rejected: Bad content' },
];

/** What happens minutes after the sending; the rest happens within its minute. */
const LATE: readonly EventType[] = ['Open', 'DeliveryDelay', 'Subscription'];

const DETAILS: Partial<Record<EventType, object>> = {
  Delivery: { smtp_response: '250 2.0.0 OK 1732312345 af79cd13be357-7b3d1a2c4e1si1 - gsmtp', processing_time_ms: 812 },
  Bounce: {
    bounce_type: 'Permanent',
    bounce_sub_type: 'General',
    diagnostic_code: 'smtp; 550 5.1.1 user unknown',
    status: '5.1.1',
  },
  Complaint: { feedback_type: 'abuse' },
  Reject: { reason: 'Bad content' },
  Open: {},
  DeliveryDelay: { delay_type: 'MailboxFull', expires_at: '2026-01-01T00:00:00.000Z', status: '4.2.2' },
  Subscription: { contact_list: 'ContactList', source: 'UnsubscribeHeader' },
};
/** Of these the JSON that they came as is kept: about a kilobyte. */
const KEPT_RAW: readonly EventType[] = ['Bounce', 'Complaint', 'Reject'];
const RAW = { eventType: 'Bounce', mail: { headers: Array.from({ length: 12 }, headerOf) } };

function headerOf(_: unknown, index: number): object {
  return { name: `X-Header-${index}`, value: `value ${index} `.repeat(5) };
}

const text = (value: string | undefined) => (value === undefined ? 'NULL' : `'${value}'`);
const json = (value: object | undefined) => (value === undefined ? 'NULL::jsonb' : `'${JSON.stringify(value)}'::jsonb`);

/** Each position of a block with its fate. */
const fates = FATES.map(({ count, state, reason }, index) => {
  const from = FATES.slice(0, index).reduce((sum, fate) => sum + fate.count, 0);
  return `(${index}, ${from}, ${from + count - 1}, ${CODE[state]}, ${text(reason)})`;
}).join(', ');

const happened = FATES.flatMap(({ events }, fate) =>
  events.map((type, ordinal) => {
    const raw = json(KEPT_RAW.includes(type) ? RAW : undefined);
    return `(${fate}, ${ordinal + 1}, '${type}', ${LATE.includes(type)}, ${json(DETAILS[type])}, ${raw})`;
  }),
).join(', ');

const bit = `CASE type ${EVENT_TYPES.map((type) => `WHEN '${type}' THEN ${bitOf(type)}`).join(' ')} END
  | CASE WHEN type = 'Open' AND NOT is_machine THEN ${HUMAN_OPEN_BIT} ELSE 0 END`;

const PARTITIONED = `'batches', 'emails', 'events'`;

/** The work of a fill, planned: tables that it drops in the end. */
export const PLAN = {
  /** Parameters: events per email. A person opens every second mail, of the others a machine. */
  events: `CREATE UNLOGGED TABLE fill_fates AS
    SELECT position, type, is_late, CASE type WHEN 'Open' THEN position % 2 = 1 END AS is_machine, detail, raw
    FROM (VALUES ${fates}) AS fate (number, first, last, state, reason)
    CROSS JOIN LATERAL generate_series(first, last) AS position
    JOIN (VALUES ${happened}) AS event (number, ordinal, type, is_late, detail, raw) USING (number)
    WHERE ordinal <= $1`,
  positions: `CREATE UNLOGGED TABLE fill_positions AS
    SELECT position, state::smallint AS state, reason,
      (SELECT bit_or(${bit}) FROM fill_fates AS event WHERE event.position = numbers.position)::smallint AS bits
    FROM (VALUES ${fates}) AS fate (number, first, last, state, reason)
    CROSS JOIN LATERAL generate_series(first, last) AS numbers (position)`,
  /** Most mail is of one topic, a tenth in messages of their own, and each fiftieth block a topic by itself. Parameters: blocks. */
  blocks: `CREATE UNLOGGED TABLE fill_blocks AS
    SELECT block, block % 10 = 0 AS is_single,
      CASE WHEN block % 10 = 0 THEN 'receipts' WHEN block % 50 = 1 THEN 'topic-' || block ELSE 'campaign' END AS topic_id,
      date_trunc('minute', now() - CASE
        WHEN block < old THEN interval '1 day' + interval '90 days' * (1 - block / old)
        ELSE interval '10 minutes' + interval '23 hours 50 minutes' * (1 - (block - old) / ($1::float8 - old))
      END) + interval '1 second' * (block % 45) AS at
    FROM (SELECT 0.4 * $1::float8 AS old) AS share CROSS JOIN generate_series(0, $1::int - 1) AS block`,
  /** `prefix`: of the ids of its emails, all but the last three digits. Parameters: what makes ids differ. */
  messages: `CREATE UNLOGGED TABLE fill_messages AS
    SELECT block, number AS position, CASE WHEN is_single THEN 1 ELSE ${BLOCK} END AS count, moment,
      (moment || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid AS id,
      left((moment || '7' || substr(hash, 19, 3) || '8' || substr(hash, 22, 11) || '0000')::uuid::text, 33) AS prefix
    FROM fill_blocks
    CROSS JOIN LATERAL generate_series(0, CASE WHEN is_single THEN ${BLOCK - 1} ELSE 0 END) AS number
    CROSS JOIN LATERAL (
      SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint + number), 12, '0') AS moment,
        md5($1 || ' ' || block || ' ' || number) AS hash
    ) AS id
    ORDER BY block, number`,
  /** Months without indexes, under parents of their own: an index that is built afterwards is the same and costs less. */
  months: `DO $$ DECLARE part record; BEGIN
    FOR part IN SELECT * FROM unnest(ARRAY[${PARTITIONED}]) AS parent LOOP
      EXECUTE format('CREATE TABLE fill_%1$s (LIKE %1$s INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (%2$s)',
        part.parent, CASE part.parent WHEN 'events' THEN 'email_id' ELSE 'id' END);
    END LOOP;
    FOR part IN
      SELECT DISTINCT parent, month, parent || to_char(month, '"_"YYYY"_"MM') AS name
      FROM unnest(ARRAY[${PARTITIONED}]) AS parent,
        (SELECT date_trunc('month', at AT TIME ZONE 'UTC') AS month FROM fill_blocks) AS months
    LOOP
      EXECUTE format('DROP TABLE IF EXISTS %I', part.name);
      EXECUTE format('CREATE TABLE %I PARTITION OF fill_%s FOR VALUES FROM (%L) TO (%L)',
        part.name, part.parent, uuid_floor(part.month), uuid_floor(part.month + interval '1 month'));
    END LOOP;
    ALTER TABLE provider_messages DROP CONSTRAINT provider_messages_pkey;
  END $$`,
  /** Work for several connections. */
  finish: [
    ...['emails', 'events', 'batches'].map(
      (parent) => `DO $$ DECLARE part record; BEGIN
        FOR part IN
          SELECT relname AS name, pg_get_expr(relpartbound, pg_class.oid) AS bounds
          FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'fill_${parent}'::regclass
        LOOP
          EXECUTE format('ALTER TABLE fill_${parent} DETACH PARTITION %I', part.name);
          EXECUTE format('ALTER TABLE ${parent} ATTACH PARTITION %I %s', part.name, part.bounds);
          PERFORM tune_partition('${parent}', part.name);
        END LOOP;
      END $$`,
    ),
    `ALTER TABLE provider_messages ADD CONSTRAINT provider_messages_pkey PRIMARY KEY (provider_message_id)`,
  ],
  index: `CREATE INDEX ON fill_messages (block)`,
  /** To be known to the planner before the work. */
  work: ['fill_fates', 'fill_positions', 'fill_blocks', 'fill_messages'],
  tables: [
    'fill_fates',
    'fill_positions',
    'fill_blocks',
    'fill_messages',
    'fill_emails',
    'fill_events',
    'fill_batches',
  ],
};

const MESSAGES = `fill_blocks JOIN fill_messages USING (block)`;
const EMAILS = `${MESSAGES}
  CROSS JOIN LATERAL generate_series(0, count - 1) AS number
  CROSS JOIN LATERAL (SELECT prefix || lpad(to_hex(number), 3, '0') AS id) AS email`;
/** Spreads the fates over a block. */
const SPREAD = 387;
const POSITION = `((fill_messages.position + number) * ${SPREAD}) % ${BLOCK}`;

/** Of a message of a whole block, the emails that were delivered and that nobody has opened. */
export const unopenedNumbers: readonly number[] = Array.from({ length: BLOCK }, (_, number) => number).filter(
  (number) => {
    const position = (number * SPREAD) % BLOCK;
    return position >= FATES[0].count && position < FATES[0].count + FATES[1].count;
  },
);

const PROVIDER_ID = `'0100' || moment || '-' || email.id || '-000000'`;
const CHUNK = `block BETWEEN $1 AND $2`;

/** In the order in which they are filled. Parameters of each statement: first and last block. */
export const TABLES: readonly { name: string; statement: string }[] = [
  {
    name: 'messages',
    statement: `INSERT INTO messages (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, created_at)
      SELECT id, topic_id, 'What is new', repeat('<p>Hello, this is what is new.</p>', CASE count WHEN 1 THEN 6 ELSE 30 END), (prefix || '000')::uuid, count,
        true, 'bench', at FROM ${MESSAGES} WHERE ${CHUNK}`,
  },
  {
    name: 'batches',
    statement: `INSERT INTO fill_batches (id, last_id, message_id, topic_id, state, lane, size, claim_at, epoch, accepted_at, dispatched_at)
      SELECT (prefix || '000')::uuid, (prefix || lpad(to_hex(count - 1), 3, '0'))::uuid, id, topic_id, ${CODE.dispatched},
        CASE count WHEN 1 THEN 0 ELSE 1 END, count, at + interval '32 s', 1, at, at + interval '2 s'
      FROM ${MESSAGES} WHERE ${CHUNK}`,
  },
  {
    name: 'emails',
    statement: `INSERT INTO fill_emails (id, attempts, address, state, sent_at, provider_message_id, reason, events, claimed_at)
      SELECT email.id::uuid, 1, 'recipient' || block * ${BLOCK} + fill_messages.position + number || '@example.com', state,
        at + interval '3 s', ${PROVIDER_ID}, reason, bits, at + interval '2.5 s'
      FROM ${EMAILS} JOIN fill_positions ON fill_positions.position = ${POSITION} WHERE ${CHUNK}`,
  },
  {
    name: 'provider_messages',
    statement: `INSERT INTO provider_messages (provider_message_id, email_id, created_at)
      SELECT ${PROVIDER_ID}, email.id::uuid, at + interval '3 s' FROM ${EMAILS} WHERE ${CHUNK}`,
  },
  {
    name: 'events',
    statement: `INSERT INTO fill_events (email_id, id, type, occurred_at, recorded_at, is_machine, detail, raw)
      SELECT email.id::uuid, md5(email.id || type)::uuid, type, happened_at, happened_at + interval '1 s', is_machine, detail, raw
      FROM ${EMAILS} JOIN fill_fates AS event ON event.position = ${POSITION}
      CROSS JOIN LATERAL (SELECT at + CASE WHEN is_late THEN interval '3 minutes' ELSE interval '4 s' END AS happened_at) AS moment
      WHERE ${CHUNK}`,
  },
];

const tally = (column: (typeof EVENT_COLUMNS)[number], condition: string) => {
  const types = EVENT_TYPES.filter((type) => columnOf(type) === column);
  const isOne = column === 'human_open' ? `type = 'Open' AND NOT is_machine` : `type = '${types[0]}'`;
  return `(SELECT count(*) FROM fill_fates WHERE ${isOne} AND ${condition})`;
};
const tallies = (condition: string) =>
  EVENT_COLUMNS.map((column) => `${tally(column, condition)} AS ${column}`).join(', ');

/** Of every block alike, so that nothing has to be counted. */
export const COUNTERS = [
  `INSERT INTO topic_counters (topic_id, last_activity_at, total, ${STATES.join(', ')}, ${EVENT_COLUMNS.join(', ')}, tracked_delivery)
   SELECT topic_id, max(at), count(*) * ${BLOCK},
     ${STATES.map((state) => `count(*) * (SELECT count(*) FROM fill_positions WHERE state = ${CODE[state]})`).join(', ')},
     ${EVENT_COLUMNS.map((column) => `count(*) * ${tally(column, 'true')}`).join(', ')}, count(*) * ${tally('delivery', 'true')}
   FROM fill_blocks GROUP BY topic_id`,
  `INSERT INTO topic_buckets (minute, topic_id, dispatched, ${EVENT_COLUMNS.join(', ')})
   SELECT CASE WHEN at < ${FOLDED_BEFORE} THEN date_trunc('hour', at, 'UTC') ELSE date_trunc('minute', at) END, topic_id,
     sum(dispatched), ${EVENT_COLUMNS.map((column) => `sum(${column})`).join(', ')}
   FROM (
     SELECT at, topic_id, ${BLOCK} AS dispatched, tally.* FROM fill_blocks, (SELECT ${tallies('NOT is_late')}) AS tally
     UNION ALL
     SELECT at + interval '3 minutes', topic_id, 0, tally.* FROM fill_blocks, (SELECT ${tallies('is_late')}) AS tally
   ) AS happened
   GROUP BY 1, 2 ORDER BY 1, 2`,
];
