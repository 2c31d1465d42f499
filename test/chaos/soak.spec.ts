import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryOf } from '../../bench/cpu.js';
import { drive } from '../../bench/load/http-load.js';
import { request, submission } from '../../bench/load/submissions.js';
import { eventually } from '../support/eventually.js';
import { Flood } from '../support/flood.js';
import { reportPromise } from '../support/promise-report.js';
import { Stack } from '../support/stack.js';

/** `npm run chaos -- --long 120`; without it this file is not collected (vitest.config.ts). */
const MINUTES = Number(process.env.CHAOS_LONG);
/** Heaps and plans take their size; what comes after is judged. */
const WARM_UP = 0.3;

const CALIBRATION = 5_000;
const CONNECTIONS = 64;
const TOPICS = 50;
/** Of what was taken to the end in the calibration. */
const LOAD = 0.5;
const SAMPLE_MS = 5_000;

const MAX_SLOPE = 1;
/** MiB by which the garbage collector makes memory go up and down: over a few minutes it would be a slope. */
const SWING = 25;
/** A connection more or less of the pools. */
const MAX_NEW_DESCRIPTORS = 5;
/** Of the submissions, those for which the load had no connection left. */
const MAX_HELD_BACK = 0.01;
const MAX_DEAD_SHARE = 0.2;
/** Autovacuum looks once a minute: what died within two cannot be gone. */
const VACUUM_MINUTES = 2;

interface Sample {
  minute: number;
  rss: number;
  descriptors: number;
}

/** What one process takes over the run. */
class Usage {
  private readonly samples: Sample[] = [];
  private readonly startMs = performance.now();

  constructor(
    readonly name: string,
    private readonly pid: number,
  ) {}

  sample(): void {
    const minute = (performance.now() - this.startMs) / 60_000;
    const descriptors = readdirSync(`/proc/${this.pid}/fd`).length;
    this.samples.push({ minute, rss: memoryOf(this.pid).rss, descriptors });
  }

  /** MiB per minute: the slope of the line with the least squares. */
  get slope(): number {
    const judged = this.judged;
    const mean = (of: (sample: Sample) => number) => judged.reduce((sum, each) => sum + of(each), 0) / judged.length;
    const [middle, level] = [mean(({ minute }) => minute), mean(({ rss }) => rss)];
    const common = judged.reduce((sum, { minute, rss }) => sum + (minute - middle) * (rss - level), 0);
    return common / judged.reduce((sum, { minute }) => sum + (minute - middle) ** 2, 0);
  }

  get newDescriptors(): number {
    const most = (samples: readonly Sample[]) => Math.max(...samples.map(({ descriptors }) => descriptors));
    const half = this.judged.length >> 1;
    return most(this.judged.slice(half)) - most(this.judged.slice(0, half));
  }

  toString(): string {
    const [first, last] = [this.judged[0].rss, this.judged[this.judged.length - 1].rss];
    return `${this.name} from ${first.toFixed(0)} to ${last.toFixed(0)} MiB, ${this.slope.toFixed(2)} a minute`;
  }

  private get judged(): readonly Sample[] {
    return this.samples.filter(({ minute }) => minute >= WARM_UP * MINUTES);
  }
}

let stack: Stack;
let mails = 0;
let lastId = '';

beforeAll(async () => {
  const keep = ({ raw }: { raw: Buffer }) => {
    mails += 1;
    lastId = /^X-Messages-Email-ID: (\S+)/im.exec(raw.toString('latin1'))?.[1] ?? lastId;
    return Promise.resolve();
  };
  stack = await Stack.start({ sink: { isRemembering: false, keep } });
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

/** Those that every mail goes through, by PostgreSQL's own count. */
function queueTables(): Promise<{ name: string; dead: number; all: number }[]> {
  return stack.query(
    `SELECT relname AS name, n_dead_tup::int AS dead, (n_live_tup + n_dead_tup)::int AS "all" FROM pg_stat_user_tables
     WHERE relname ~ '^(batches|emails|sender_claims|topic_counters)' AND n_dead_tup > 0 ORDER BY n_dead_tup DESC`,
  );
}

it(
  `half of what can be done for ${MINUTES} minutes takes no more memory or files with time`,
  async () => {
    const gateway = await stack.gateway();
    const sender = await stack.sender();
    let accepted = 0;
    const next = () => submission(1, 1, accepted, `topic-${accepted++ % TOPICS}`);

    const startMs = performance.now();
    await drive([gateway.url], CONNECTIONS, CALIBRATION, next);
    await eventually(() => mails === CALIBRATION, 120_000, 'the mails of the calibration');
    const rate = (LOAD * CALIBRATION * 1_000) / (performance.now() - startMs);

    const usages = [new Usage('gateway', gateway.pid), new Usage('sender', sender.pid)];
    const sampling = setInterval(() => usages.forEach((usage) => usage.sample()), SAMPLE_MS);
    const floods = await Promise.all([Flood.over(gateway.url, CONNECTIONS), Flood.over(gateway.url, CONNECTIONS)]);
    const endMs = performance.now() + MINUTES * 60_000;
    const isOver = () => performance.now() >= endMs;
    const open = () => request('GET', `/v1/events/open?requestId=${lastId}`);
    const [submissions, opens] = floods;
    await Promise.all([submissions.send(rate, isOver, next), opens.send(rate / 2, isOver, open)]);
    const tables = await queueTables();
    clearInterval(sampling);
    for (const flood of floods) flood.close();
    await eventually(() => mails >= accepted, 120_000, 'the last mail');

    const deadRows = tables.map(({ name, dead, all }) => `${name} ${dead} of ${all}`).join(', ');
    const seen =
      `${rate.toFixed(0)} mails per second, ${submissions.heldBack} of ${accepted} held back, ` +
      `${submissions.broken + opens.broken} broken; ${usages.join('; ')}; dead rows: ${deadRows}`;
    console.log(seen);
    expect([...submissions.answers, ...opens.answers].filter(({ status }) => status !== 200)).toEqual([]);
    expect(submissions.broken + opens.broken).toBe(0);
    // While the disk is busy with a checkpoint all connections of the load may wait.
    expect(submissions.heldBack).toBeLessThanOrEqual(MAX_HELD_BACK * accepted);
    expect(mails).toBe(accepted);
    for (const usage of usages) {
      expect(usage.slope, `${usage}`).toBeLessThanOrEqual(Math.max(MAX_SLOPE, SWING / MINUTES));
      expect(usage.newDescriptors, usage.name).toBeLessThanOrEqual(MAX_NEW_DESCRIPTORS);
    }
    for (const { output } of [gateway, sender]) expect(output).not.toMatch(/"level":"(error|fatal)"|unhandled/i);
    // Its batch and the email itself are each written twice after they were inserted.
    const young = 2 * VACUUM_MINUTES * 60 * rate;
    expect(tables.filter(({ dead, all }) => dead > Math.max(MAX_DEAD_SHARE * all, young))).toEqual([]);
    reportPromise({
      promise: 'P25',
      under: `half load for ${MINUTES} minutes`,
      promised: `memory < ${MAX_SLOPE} MiB a minute, files flat, no error, dead rows < ${100 * MAX_DEAD_SHARE} %`,
      stream: null,
      provider: `${mails} mails of ${accepted}`,
      ledger: seen,
      recipients: accepted,
      kills: 0,
      seed: null,
    });
  },
  MINUTES * 60_000 + 600_000,
);
