import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARS, type Bar, verdictOn } from './bars.js';
import { figure } from './plots/bars.plot.js';
import { fileName, type Results, RESULTS_FOLDER, type Suite } from './results.js';
import type { Outcome } from './run.js';
import { median } from './statistics.js';

/** `bench/results/<date>.md`: the rows with their bars, then every figure behind them. */
export function writePage(suite: Suite, results: Results): void {
  const { conditions, outcomes } = results;
  const page = [
    `# Measured on ${conditions.date}${suite === 'all' ? '' : `: ${suite}`}`,
    '',
    ...Object.entries(conditions.settings).map(([name, value]) => `- ${name}: ${value}`),
    '',
    ...tableOf(results),
    '',
    ...outcomes.flatMap(detailsOf),
  ];
  writeFileSync(join(RESULTS_FOLDER, `${fileName(suite, conditions.date)}.md`), page.join('\n'));
}

/** The rows of the last run, with the medians of the runs before it. */
function tableOf({ outcomes, runs }: Results): string[] {
  const rows = outcomes.flatMap(({ rows }) => rows);
  const lines = BARS.flatMap((bar) => {
    const row = rows.find(({ id }) => id === bar.id);
    if (row === undefined) return [];
    const spread = [Math.min(...row.values), Math.max(...row.values)].map((value) => figure(value, 'ratio')).join('–');
    const before = runs.slice(0, -1).map(({ medians }) => figure(medians[bar.id], 'ratio'));
    const cells = [
      bar.id,
      bar.what,
      figure(row.median, bar.unit),
      spread,
      before.join(', '),
      boundOf(bar),
      verdictCell(bar, row.median),
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  return [
    'Medians of the rounds of the last run, their spread, and the medians of earlier runs of the same commit.',
    '',
    '| row | what | median | spread | earlier runs | bar | |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ];
}

function verdictCell(bar: Bar, median: number): string {
  const { held, reason } = bar.limit ?? {};
  return {
    holds: 'holds',
    limited: `at the limit (${held}): ${reason}`,
    missed: '**missed**',
  }[verdictOn(bar, median)];
}

export function boundOf({ bar, better, unit }: Bar): string {
  return `${better === 'higher' ? '≥' : '≤'} ${figure(bar, unit)}`;
}

/** Every figure of every variant. */
function detailsOf({ name, about, rounds }: Outcome): string[] {
  const lines = Object.entries(rounds[0] ?? {}).flatMap(([variant, figures]) =>
    Object.keys(figures).map((name) => {
      const values = rounds.map((round) => round[variant][name]);
      const sorted = values.toSorted((a, b) => a - b).map((value) => value.toPrecision(3));
      return `| ${variant} | ${name} | ${median(values).toPrecision(4)} | ${sorted.join(' ')} |`;
    }),
  );
  return [
    `## ${name}`,
    '',
    about,
    '',
    '| variant | figure | median | rounds, sorted |',
    '|---|---|---|---|',
    ...lines,
    '',
  ];
}
