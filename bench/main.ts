import { parseArgs } from 'node:util';
import { type Bar, BARS, verdictOn } from './bars.js';
import { conditions } from './conditions.js';
import { writePage } from './page.js';
import { Progress } from './progress.js';
import { writeReadme } from './readme.js';
import { addRun, type Suite } from './results.js';
import { type Outcome, type RowFigure, run } from './run.js';
import { scenariosNamed } from './scenarios.js';
import { Workbench } from './workbench.js';

/** The bars hang on the median of so many rounds at least. */
const ROUNDS = 5;
const WARM_UPS = 1;

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    assert: { type: 'boolean', default: false },
    rounds: { type: 'string', default: String(ROUNDS) },
  },
});

const progress = new Progress();
const workbench = new Workbench({
  scale: 1,
  postgresPid: Number(process.env.TEST_POSTGRES_PID),
  natsPid: Number(process.env.TEST_NATS_PID),
  say: (text) => progress.say(text),
});
const rounds = Number(options.rounds);

const outcomes: Outcome[] = [];
let failed = 0;
for (const scenario of scenariosNamed(names)) {
  try {
    const outcome = await run(scenario, workbench, rounds, WARM_UPS, (rows) => missedIn(rows).length === 0);
    outcomes.push(outcome);
    progress.report(outcome);
  } catch (error) {
    failed += 1;
    progress.fail(scenario.name, error);
  } finally {
    await workbench.closeAll();
  }
}

const missed = missedIn(outcomes.flatMap(({ rows }) => rows));
for (const { id } of missed) process.stdout.write(`missed: ${id}\n`);

// What is kept is whole: a run of single scenarios shows its figures and keeps none.
const suite: Suite | null = names.length === 0 ? 'all' : names.length === 1 ? suiteOf(names[0]) : null;
if (suite !== null && failed === 0 && rounds >= ROUNDS) {
  writePage(suite, addRun(suite, await conditions(), outcomes));
  writeReadme();
}
process.exitCode = failed > 0 || (options.assert && missed.length > 0) ? 1 : 0;

function suiteOf(name: string): Suite | null {
  return name === 'peers' || name === 'large' ? name : null;
}

function missedIn(rows: readonly RowFigure[]): Bar[] {
  const medians = new Map(rows.map(({ id, median }) => [id, median]));
  return BARS.filter((bar) => medians.has(bar.id) && verdictOn(bar, medians.get(bar.id)!) === 'missed');
}
