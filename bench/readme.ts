import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARS, verdictOn } from './bars.js';
import { cpuStages } from './cpu-stages.js';
import { growthSeries, GROWTH_BAR } from './growth-series.js';
import { boundOf } from './page.js';
import { figure, type MeasuredBar, plotBars } from './plots/bars.plot.js';
import { plotCpu } from './plots/cpu.plot.js';
import { plotGrowth } from './plots/growth.plot.js';
import { fileName, latestResults, RESULTS_FOLDER, type Results, type Suite } from './results.js';

const README = 'README.md';
const BEGIN = '<!-- made by npm run bench: begin -->';
const END = '<!-- made by npm run bench: end -->';
const PLOTS_FOLDER = 'bench/results/plots';
const SUITES: readonly Suite[] = ['all', 'peers', 'large'];

/** Makes the plots and the README's section on speed from the newest results of each suite. */
export function writeReadme(): void {
  const results = SUITES.flatMap((suite) => {
    const newest = latestResults(suite);
    return newest === null ? [] : [{ suite, results: newest }];
  });
  writePlots(results);
  const readme = readFileSync(README, 'utf8');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${README} has no place for the results: ${BEGIN} … ${END}`);
  const section = sectionOf(results);
  writeFileSync(README, `${readme.slice(0, from + BEGIN.length)}\n\n${section}\n\n${readme.slice(to)}`);
}

interface SuiteResults {
  suite: Suite;
  results: Results;
}

function writePlots(all: readonly SuiteResults[]): void {
  mkdirSync(PLOTS_FOLDER, { recursive: true });
  writeFileSync(join(PLOTS_FOLDER, 'bars.svg'), plotBars(measuredBars(all)));
  const outcomes = all.flatMap(({ results }) => results.outcomes);
  const stages = cpuStages(outcomes);
  if (stages.length > 0) writeFileSync(join(PLOTS_FOLDER, 'cpu.svg'), plotCpu(stages));
  const series = growthSeries(outcomes);
  if (series.length > 0) writeFileSync(join(PLOTS_FOLDER, 'growth.svg'), plotGrowth(series, GROWTH_BAR));
}

function sectionOf(results: readonly SuiteResults[]): string {
  const rows = measuredBars(results).map(({ bar, median }) => {
    const remark = { holds: '', limited: bar.limit?.reason, missed: 'missed' }[verdictOn(bar, median)];
    return `| ${bar.what} | ${figure(median, bar.unit)} | ${boundOf(bar)} | ${remark} |`;
  });
  const [{ results: newest }] = results;
  const pages = results.map(({ suite, results: { conditions } }) => {
    const name = `${fileName(suite, conditions.date)}.md`;
    return `[${name}](${RESULTS_FOLDER}/${name})`;
  });
  return [
    `Measured on ${newest.conditions.settings.machine}, PostgreSQL ${newest.conditions.settings.PostgreSQL}, ${newest.conditions.settings.NATS}.`,
    `All rounds and conditions: ${pages.join(', ')}; how it is measured, and what was tried: [bench/README.md](bench/README.md).`,
    '',
    '| what | measured | bar | where it is not reached |',
    '|---|---|---|---|',
    ...rows,
    '',
    `![The cost of one more email over what is stored](${PLOTS_FOLDER}/growth.svg)`,
    '',
    `![CPU microseconds per email, by stage](${PLOTS_FOLDER}/cpu.svg)`,
  ].join('\n');
}

/** Of the last run of each suite. */
function measuredBars(all: readonly SuiteResults[]): MeasuredBar[] {
  return all.flatMap(({ results: { runs } }) => {
    const { medians } = runs[runs.length - 1];
    return BARS.flatMap((bar) => {
      const median = medians[bar.id];
      return median === undefined ? [] : [{ bar, median }];
    });
  });
}
