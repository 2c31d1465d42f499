import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { BLOCK, COUNTERS, PLAN, TABLES } from './fill.sql.js';

export interface FillOptions {
  /** A multiple of 1,000. */
  emails: number;
  /** Of each email: what became of it, then what led there or came later. */
  eventsPerEmail: 1 | 2 | 3;
}

/** One transaction's worth: 50,000 emails. */
const BLOCKS_PER_STATEMENT = 50;
/** The two cores. */
const CONNECTIONS = 2;
/** Compiling a statement takes longer than it runs; indexes are sorted in memory. */
const SESSION = '-c jit=off -c maintenance_work_mem=1GB';

/**
 * Stores emails in an empty ledger as if the product had taken them in, dispatched and sent them, and heard of them, up to a few minutes
 * ago: three fifths within the last day, the others evenly over the 90 days before it, each in its month's partition,
 * counters and buckets included, so that a recount finds nothing. A tenth are messages of one email, the others stand
 * in messages of 1,000. Every row is stored once, in its last state: what updates leave behind is missing. Indexes are
 * built behind the rows, as dense as ascending keys leave them. Afterwards the tables are vacuumed and analysed, as autovacuum would have done.
 */
export async function fill(url: string, options: FillOptions, say: (text: string) => void): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, options: SESSION });
  try {
    const blocks = options.emails / BLOCK;
    await plan(pool, blocks, options.eventsPerEmail);
    for (const { name, statement } of TABLES) {
      await inChunks(pool, blocks, statement, (tenths) => say(`filling ${name}: ${tenths * 10} %`));
    }
    for (const statement of COUNTERS) await pool.query(statement);
    say('building indexes');
    await inParallel(pool, PLAN.finish);
    await pool.query(`DROP TABLE ${PLAN.tables.join(', ')}`);
    say('vacuuming');
    await vacuum(pool);
  } finally {
    await pool.end();
  }
}

async function plan(pool: pg.Pool, blocks: number, eventsPerEmail: number): Promise<void> {
  // Ids differ from fill to fill: a gateway may remember those of the fill before.
  const salt = randomBytes(8).toString('hex');
  // CREATE TABLE AS takes no parameters.
  const planned = (statement: string, value: number | string) =>
    pool.query(statement.replaceAll('$1', typeof value === 'number' ? String(value) : `'${value}'`));
  await planned(PLAN.events, eventsPerEmail);
  await pool.query(PLAN.positions);
  await planned(PLAN.blocks, blocks);
  await planned(PLAN.messages, salt);
  await pool.query(PLAN.index);
  await pool.query(PLAN.months);
  await pool.query(`ANALYZE ${PLAN.work.join(', ')}`);
}

/** In the order of the ids, as mail comes. */
async function inChunks(
  pool: pg.Pool,
  blocks: number,
  statement: string,
  progress: (tenths: number) => void,
): Promise<void> {
  let next = 0;
  let reported = -1;
  const work = async () => {
    while (next < blocks) {
      const from = next;
      next = Math.min(blocks, from + BLOCKS_PER_STATEMENT);
      await pool.query(statement, [from, next - 1]);
      const tenths = Math.floor((10 * next) / blocks);
      if (tenths > reported) progress((reported = tenths));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

/** The largest first, over all connections. What is empty autovacuum leaves alone, and so the planner expects it to grow. */
async function vacuum(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ statement: string }>(`
    SELECT format('VACUUM (ANALYZE%s) %s',
      -- The ring of 2 MB that a vacuum keeps to would write each page out at once; PostgreSQL 15 has no word for more.
      CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ', BUFFER_USAGE_LIMIT 0' END, oid::regclass
    ) AS statement
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
    ORDER BY pg_relation_size(oid) DESC`);
  await inParallel(
    pool,
    rows.map(({ statement }) => statement),
  );
}

async function inParallel(pool: pg.Pool, statements: readonly string[]): Promise<void> {
  const waiting = statements.values();
  const work = async () => {
    for (const statement of waiting) await pool.query(statement);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}
