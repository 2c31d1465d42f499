// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './system/checkout.mjs';
import { Interruption } from './system/interruption.mjs';
import { Process } from './system/process.mjs';

/**
 * `npm run chaos`: the chaos tests in full, once per seed, and a line for each promise.
 *
 *   npm run chaos                    # three seeds
 *   npm run chaos -- --seeds 11,12   # these
 *   npm run chaos -- --count 1 kills # one seed, and the files whose path has "kills"
 *   npm run chaos -- --long 120      # half load for 120 minutes, and nothing else
 */
const STOP_GRACE_MS = 30_000;
const LARGEST_SEED = 1e9;

/** @typedef {import('../test/support/promise-report.js').PromiseReport} PromiseReport */

const { values, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '3' }, seeds: { type: 'string' }, long: { type: 'string' } },
});
if (values.long !== undefined) {
  if (!(Number(values.long) > 0)) throw new Error('--long takes a number of minutes');
  values.count = '1';
  paths.push('soak');
}
const seeds = values.seeds
  ? values.seeds.split(',').map(Number)
  : Array.from({ length: Number(values.count) }, () => Math.floor(Math.random() * LARGEST_SEED));
if (seeds.length === 0 || !seeds.every(Number.isInteger)) throw new Error('--seeds takes integers, --count a number');

const interruption = new Interruption();
interruption.listen();
const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
const file = join(folder, 'promises.jsonl');
let failedRuns = 0;
try {
  for (const seed of seeds) {
    if (interruption.stop.aborted) break;
    console.log(`\n== seed ${seed}`);
    if (!(await run(seed))) failedRuns += 1;
  }
  print(existsSync(file) ? reports() : []);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failedRuns === 0 && !interruption.stop.aborted ? 0 : 1;

/** @param {number} seed */
async function run(seed) {
  const long = values.long === undefined ? {} : { CHAOS_LONG: values.long };
  const env = { ...process.env, ...long, CHAOS_FULL: '1', CHAOS_SEED: String(seed), PROMISE_REPORT: file };
  const script = join(ROOT, 'scripts/test.mjs');
  const tests = Process.spawn('chaos', process.execPath, [script, 'chaos', 'chaos-long', 'chaos-timed', ...paths], {
    cwd: ROOT,
    env,
  });
  void interruption.stopped.then(() => tests.stop('SIGINT', STOP_GRACE_MS, interruption.hurry));
  return (await tests.exited) === 'code 0';
}

/** @returns {PromiseReport[]} */
function reports() {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** @param {PromiseReport[]} lines */
function print(lines) {
  console.log(
    '\n| promise | under | promised | at the stream | at the provider | in the ledger | measured | recipients | kills | seed |',
  );
  console.log(`|${'---|'.repeat(10)}`);
  const byPromise = lines.toSorted((a, b) => Number(a.promise.slice(1)) - Number(b.promise.slice(1)));
  for (const { promise, under, promised, stream, provider, ledger, measured, recipients, kills, seed } of byPromise) {
    const cells = [
      promise,
      under,
      promised,
      stream ?? '–',
      provider ?? '–',
      ledger ?? '–',
      measured ?? '–',
      recipients,
      kills,
      seed ?? '–',
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const sum = (/** @type {'recipients' | 'kills'} */ what) => lines.reduce((total, line) => total + line[what], 0);
  console.log(
    `\n${lines.length} lines, ${sum('recipients')} recipients, ${sum('kills')} kills, seeds ${seeds.join(', ')}: ` +
      (failedRuns === 0 ? 'all promises hold' : `${failedRuns} runs failed`),
  );
}
