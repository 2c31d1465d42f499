import { parseArgs } from 'node:util';
import { BARS } from './bars.js';
import { Progress } from './progress.js';
import { conditions } from './conditions.js';
import { holds, type Results, writeResults } from './results.js';
import { type Outcome, run } from './run.js';
import { scenariosNamed } from './scenarios.js';
import { Workbench } from './workbench.js';

/** The bars hang on the median of so many rounds at least. */
const ROUNDS = 5;
/** A smoke run shows that everything still runs: small, once, and without a verdict. */
const SMOKE = { scale: 0.02, rounds: 1 };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    assert: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: String(ROUNDS) },
  },
});

const progress = new Progress();
const workbench = new Workbench({
  scale: options.smoke ? SMOKE.scale : 1,
  postgresPid: Number(process.env.TEST_POSTGRES_PID),
  natsPid: Number(process.env.TEST_NATS_PID),
  say: (text) => progress.say(text),
});
const rounds = options.smoke ? SMOKE.rounds : Number(options.rounds);

const outcomes: Outcome[] = [];
const failures: string[] = [];
for (const scenario of scenariosNamed(positionals)) {
  try {
    const outcome = await run(scenario, workbench, rounds);
    outcomes.push(outcome);
    progress.report(outcome);
  } catch (error) {
    failures.push(scenario.name);
    progress.fail(scenario.name, error);
  } finally {
    await workbench.closeAll();
  }
}

const results: Results = { conditions: await conditions(), outcomes };
if (!options.smoke) writeResults(results);
const missed = BARS.filter((bar) =>
  outcomes.some(({ rows }) => rows.some((row) => row.id === bar.id && !holds(bar, row))),
);
if (options.smoke) {
  process.stdout.write(`${outcomes.length} passed, ${failures.length} failed\n`);
} else {
  for (const { id, what } of missed) process.stdout.write(`below its bar: ${id} ${what}\n`);
}
process.exitCode = failures.length > 0 || (options.assert && missed.length > 0) ? 1 : 0;
