// @ts-check
import { join } from 'node:path';
import { startEngines } from './engines/start.mjs';
import { ROOT } from './system/checkout.mjs';
import { Interruption } from './system/interruption.mjs';
import { tailOfLog } from './system/log.mjs';
import { Process, ProcessError } from './system/process.mjs';
import { tally } from './system/tally.mjs';
import { makeTestFolder, removeDeadTestFolders, removeTestFolder } from './system/test-folder.mjs';

/** @typedef {import('./engines/start.mjs').Engine} Engine */

const STOP_GRACE_MS = 5_000;

const PROJECTS = [
  'unit',
  'integration',
  'e2e',
  'crash-points',
  'e2e-timed',
  'chaos',
  'chaos-long',
  'chaos-timed',
  'fuzz',
  'bench',
];

/** What CI has run already; said aloud, so that a count of the rest is not taken for one of everything. */
const done = projectsIn(process.env.TESTS_DONE);
if (done.length > 0) console.log(`Already run: ${done.join(' ')}`);
/** What it has no time for. */
const left = projectsIn(process.env.TESTS_LEFT);
if (left.length > 0) console.log(`Not run here: ${left.join(' ')}`);
const args = process.argv.slice(2).filter((arg) => !done.includes(arg) && !left.includes(arg));

const { passed, failed, skipped, failures } = await test();
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** @param {string} [text] */
function projectsIn(text = '') {
  return text.split(' ').filter((project) => PROJECTS.includes(project));
}

async function test() {
  const interruption = new Interruption();
  interruption.listen();
  await removeDeadTestFolders();
  const folder = makeTestFolder();
  const results = join(folder, 'results.json');
  /** @type {Engine[]} */
  const engines = [];
  let succeeded = false;
  try {
    const env = await startEngines(folder, engines, interruption);
    succeeded = await runVitest(env, results, interruption);
  } catch (error) {
    if (!interruption.byUser) explain(error, folder);
  }
  const counts = tally(results, succeeded);
  for (const engine of engines) await engine.stop();
  await removeTestFolder(folder);
  return counts;
}

/**
 * @param {Record<string, string>} engines
 * @param {string} results
 * @param {Interruption} interruption
 */
async function runVitest(engines, results, { stop, stopped, hurry }) {
  const env = { ...process.env, ...engines };
  // They would reach the processes under test as settings.
  delete env.DATABASE_URL;
  delete env.NATS_URL;
  const vitestArgs = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    // Names of projects, and after `npm test --` whatever vitest understands.
    ...args.map((arg) => (PROJECTS.includes(arg) ? `--project=${arg}` : arg)),
    '--reporter=default',
    `--reporter=${join(ROOT, 'scripts/system/tally-reporter.mjs')}`,
    `--outputFile.tally=${results}`,
  ];
  const vitest = Process.spawn('vitest', process.execPath, vitestArgs, { cwd: ROOT, env });
  void stopped.then(() => vitest.stop('SIGINT', STOP_GRACE_MS, hurry));
  return (await vitest.exited) === 'code 0' && !stop.aborted;
}

/**
 * @param {unknown} error
 * @param {string} folder
 */
function explain(error, folder) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof ProcessError) console.error(tailOfLog(join(folder, `${error.processName}.log`)));
}
