// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './system/checkout.mjs';
import { Interruption } from './system/interruption.mjs';
import { Process } from './system/process.mjs';
import { promiseTable, sum } from './system/promise-table.mjs';

/**
 * `npm run chaos`: the chaos tests in full, and a line for each promise. What leaves nothing to chance runs with the first
 * seed alone.
 *
 *   npm run chaos                    # three seeds; where all holds, docs/chaos-results.md is what was seen
 *   npm run chaos -- --seeds 11,12   # these
 *   npm run chaos -- --count 1 kills # one seed, and the files whose path has "kills"
 *   npm run chaos -- --long 120      # half load for 120 minutes, and nothing else
 */
const STOP_GRACE_MS = 30_000;
const LARGEST_SEED = 1e9;
const PROJECTS = ['crash-points', 'chaos', 'chaos-long', 'chaos-timed'];
const RESULTS = join(ROOT, 'docs/chaos-results.md');

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
const startedAt = new Date();
let failedRuns = 0;
try {
  for (const [index, seed] of seeds.entries()) {
    if (interruption.stop.aborted) break;
    console.log(`\n== seed ${seed}`);
    if (!(await run(seed, paths.length > 0 || index === 0 ? paths : seeded()))) failedRuns += 1;
  }
  const reports = existsSync(file) ? read() : [];
  const isWhole = paths.length === 0 && !interruption.stop.aborted;
  console.log(`\n${promiseTable(reports)}\n\n${summary(reports)}`);
  if (isWhole && failedRuns === 0) writeFileSync(RESULTS, page(reports));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failedRuns === 0 && !interruption.stop.aborted ? 0 : 1;

/**
 * @param {number} seed
 * @param {string[]} files
 */
async function run(seed, files) {
  const long = values.long === undefined ? {} : { CHAOS_LONG: values.long };
  const env = { ...process.env, ...long, CHAOS_FULL: '1', CHAOS_SEED: String(seed), PROMISE_REPORT: file };
  const script = join(ROOT, 'scripts/test.mjs');
  const tests = Process.spawn('chaos', process.execPath, [script, ...PROJECTS, ...files], {
    cwd: ROOT,
    env,
  });
  void interruption.stopped.then(() => tests.stop('SIGINT', STOP_GRACE_MS, interruption.hurry));
  return (await tests.exited) === 'code 0';
}

/** The tests in which chance has a part. */
function seeded() {
  const tests = readdirSync(join(ROOT, 'test/chaos')).map((name) => `test/chaos/${name}`);
  return tests.filter((path) => readFileSync(join(ROOT, path), 'utf8').includes('chaosSeed()'));
}

/** @returns {PromiseReport[]} */
function read() {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** @param {PromiseReport[]} reports */
function summary(reports) {
  return (
    `${reports.length} runs, ${sum(reports, 'recipients')} recipients, ${sum(reports, 'kills')} kills, ` +
    `seeds ${seeds.join(', ')}: ${failedRuns === 0 ? 'all promises hold' : `${failedRuns} seeds failed`}`
  );
}

/** @param {PromiseReport[]} reports */
function page(reports) {
  const git = (/** @type {string[]} */ ...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const minutes = Math.round((Date.now() - startedAt.getTime()) / 60_000);
  return [
    '# The last chaos run in which all promises held',
    '',
    `Written by \`npm run chaos\` of commit ${git('rev-parse', '--short', 'HEAD')} on ${startedAt.toISOString().slice(0, 10)}, ` +
      `in ${minutes} minutes on ${availableParallelism()} cores with Node.js ${process.versions.node}. ` +
      'What the promises say: [promises.md](promises.md). Runs, recipients and kills are added up over the seeds; where seeds differ, each is given.',
    '',
    `**${summary(reports)}.**`,
    '',
    promiseTable(reports),
    '',
  ].join('\n');
}
