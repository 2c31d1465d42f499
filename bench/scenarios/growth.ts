import type { FillOptions } from '../fill.js';
import { cpuPerItem } from '../cpu.js';
import { COUNT_BY_INDEX, makeSentIndex } from '../baselines/sent-index.js';
import { FilledLedger } from '../load/filled-ledger.js';
import { drive } from '../load/http-load.js';
import { request, submission } from '../load/submissions.js';
import type { Figures, Prepared, Row, Scenario } from '../scenario.js';
import { median, percentile } from '../statistics.js';
import type { Workbench } from '../workbench.js';
import { rowsOf } from '../../src/database/statement.js';
import { COUNT_DISPATCHED } from '../../src/topics/topics.sql.js';

const PAGES = 400;
const OPENS = 2_000;
const OPEN_CONNECTIONS = 64;
const MESSAGES = 60;
const EMAILS_PER_MESSAGE = 1_000;
const INGEST_CONNECTIONS = 4;
/** As the dispatcher claims. */
const LAP = { batches: 64, emails: 4_000, leaseSeconds: 30 };
const COUNTS = { hours: 24, buckets: 200, index: 5 };
/** Of each, before it is measured: a ledger that was filled anew has lost its plans. */
const WARM = { pages: 30, opens: 300, messages: 8, laps: 2 };
/** A person's, so that what is opened counts. */
const BROWSER = 'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

export const growth: Scenario = {
  name: 'growth',
  about:
    'The same work on ledgers of 10,000, 100,000, 1,000,000 and 5,000,000 emails with as many events: the page of the topic ' +
    'that holds most of them; opens of mail of the last day over 64 connections; messages of 1,000 over 4 connections; claim ' +
    'and settle as the dispatcher does them, without the stream. In microseconds per page, event and email. And the count ' +
    'of what was sent within a day, 3 of the 5 million, from buckets and from an index.',
  prepare: (workbench) =>
    prepare(workbench, [10_000, 100_000, 1_000_000, 5_000_000], 1, true, (smallest, largest) => [
      ...costRows('', smallest, largest),
      { id: 'S1', of: (round) => round[largest].page_ms / round[smallest].page_ms },
      { id: 'S1-time', of: (round) => round[largest].page_ms },
      { id: 'S2', of: (round) => round[largest].count_ms / round[largest].count_by_index_ms },
    ]),
};

export const large: Scenario = {
  name: 'large',
  about: 'As growth, on ledgers of 10,000 and 25,000,000 emails with three events each.',
  isOnRequest: true,
  prepare: (workbench) =>
    prepare(workbench, [10_000, 25_000_000], 3, false, (...sizes) => costRows('-large', ...sizes)),
};

function costRows(suffix: string, smallest: string, largest: string): Row[] {
  return ['ingest', 'claim', 'event', 'page'].map((what) => ({
    id: `G1-${what}${suffix}`,
    of: (round) => round[largest][`${what}_us`] / round[smallest][`${what}_us`],
  }));
}

async function prepare(
  workbench: Workbench,
  sizes: readonly number[],
  eventsPerEmail: FillOptions['eventsPerEmail'],
  countsSent: boolean,
  rowsFor: (smallest: string, largest: string) => Row[],
): Promise<Prepared> {
  // Each in its own database beside the others, so that the rounds meet them in turn.
  const ledgers: FilledLedger[] = [];
  for (const size of sizes) {
    const emails = Math.round(workbench.count(size, 10_000) / 1_000) * 1_000;
    ledgers.push(await FilledLedger.start(workbench, { emails, eventsPerEmail }));
  }
  if (countsSent) await makeSentIndex(ledgers[ledgers.length - 1].stack);
  // What filling has left to be written would be written beside the rounds.
  await ledgers[0].stack.query('CHECKPOINT');
  const names = sizes.map((size) => size.toLocaleString('en'));
  const variants = ledgers.map(
    (ledger, index) =>
      [names[index], () => measure(workbench, ledger, countsSent && index === ledgers.length - 1)] as const,
  );
  return {
    variants: Object.fromEntries(variants),
    rows: rowsFor(names[0], names[names.length - 1]),
    close: async () => {
      for (const ledger of ledgers) {
        await ledger.stop();
        await workbench.close(ledger.stack);
      }
    },
  };
}

async function measure(workbench: Workbench, ledger: FilledLedger, countsSent: boolean): Promise<Figures> {
  await ledger.renew();
  return {
    stored: ledger.stored,
    ...(await ledger.footprint()),
    ...(await pages(ledger)),
    ...(countsSent ? await countSent(ledger) : {}),
    ...(await opens(workbench, ledger)),
    ingest_us: await ingest(ledger),
    claim_us: await claims(ledger),
  };
}

/** One after the other: the latency, not the rate. */
async function pages({ gateway }: FilledLedger): Promise<Figures> {
  const page = request('GET', '/v1/topics/campaign');
  await drive([gateway.url], 1, WARM.pages, () => page);
  const { seconds, latencies } = await drive([gateway.url], 1, PAGES, () => page);
  return {
    page_us: (seconds * 1e6) / PAGES,
    page_ms: median(latencies),
    page_p99_ms: percentile(latencies, 99),
  };
}

/** Statement against statement: HTTP would hide how little the buckets take. */
async function countSent({ manager }: FilledLedger): Promise<Figures> {
  const counts = new Set<number>();
  const time = async (statement: string, times: number) => {
    const milliseconds: number[] = [];
    for (let index = 0; index < times; index++) {
      const startedMs = performance.now();
      const [{ count }] = await rowsOf<{ count: number }>(manager, statement, [COUNTS.hours]);
      milliseconds.push(performance.now() - startedMs);
      counts.add(count);
    }
    return median(milliseconds);
  };
  const figures = {
    count_ms: await time(COUNT_DISPATCHED, COUNTS.buckets),
    count_by_index_ms: await time(COUNT_BY_INDEX, COUNTS.index),
  };
  return { ...figures, counted: Math.max(...counts) };
}

/**
 * With the WAL of each, since the first change of a page after a checkpoint writes all of it, and the CPU of each in
 * microseconds: what is longer than that waited for the disk.
 */
async function opens(workbench: Workbench, ledger: FilledLedger): Promise<Figures> {
  const ids = await ledger.unopened(WARM.opens + OPENS);
  const requests = ids.map((id) =>
    Buffer.from(`GET /v1/events/open?requestId=${id} HTTP/1.1\r\nhost: 127.0.0.1\r\n${BROWSER}\r\n\r\n`),
  );
  const urls = [ledger.gateway.url];
  await drive(urls, OPEN_CONNECTIONS, WARM.opens, (index) => requests[index]);
  const before = await ledger.walPosition();
  const cpuBefore = workbench.cpu([ledger.gateway.pid]);
  const { seconds } = await drive(urls, OPEN_CONNECTIONS, OPENS, (index) => requests[WARM.opens + index]);
  const { node_us, postgres_us, cores } = cpuPerItem(cpuBefore, workbench.cpu([ledger.gateway.pid]), OPENS);
  const walBytes = (await ledger.walPosition()) - before;
  return {
    event_us: (seconds * 1e6) / OPENS,
    event_cpu_node: node_us,
    event_cpu_postgres: postgres_us,
    event_cores: cores,
    event_wal_bytes: walBytes / OPENS,
  };
}

async function ingest({ gateway }: FilledLedger): Promise<number> {
  const requests = Array.from({ length: MESSAGES }, (_, index) =>
    submission(1, EMAILS_PER_MESSAGE, index * EMAILS_PER_MESSAGE),
  );
  const urls = [gateway.url];
  await drive(urls, INGEST_CONNECTIONS, WARM.messages, (index) => requests[index]);
  const measured = requests.slice(WARM.messages);
  const { seconds } = await drive(urls, INGEST_CONNECTIONS, measured.length, (index) => measured[index]);
  return (seconds * 1e6) / (measured.length * EMAILS_PER_MESSAGE);
}

/** Of what was just taken in. */
async function claims(ledger: FilledLedger): Promise<number> {
  const repository = ledger.batches();
  let emails = 0;
  let startedMs = 0;
  for (let lap = 0; ; lap++) {
    if (lap === WARM.laps) [emails, startedMs] = [0, performance.now()];
    const batches = await repository.claimDue(1, LAP.batches, LAP.emails, 'bench', LAP.leaseSeconds);
    if (batches.length === 0) break;
    const found = await repository.emailsOf(batches, true);
    await repository.messagesOf(batches);
    const settlements = batches.map((batch) => ({
      batch,
      acknowledged: found.get(batch.id)?.ids ?? [],
      unacknowledged: [],
      tooLarge: [],
      suppressed: [],
      delayMs: 0,
      error: null,
    }));
    await repository.settle(settlements);
    emails += settlements.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }
  return ((performance.now() - startedMs) * 1e3) / emails;
}
