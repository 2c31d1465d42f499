import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARS, type Bar } from './bars.js';
import type { Conditions } from './conditions.js';
import type { Outcome } from './run.js';

export interface Results {
  conditions: Conditions;
  outcomes: Outcome[];
}

const FOLDER = 'bench/results';

export function holds({ bar, better }: Bar, { median }: { median: number }): boolean {
  return better === 'higher' ? median >= bar : median <= bar;
}

/** `<date>.md` for people, and beside it all rounds for plots and for whoever doubts. */
export function writeResults(results: Results): void {
  mkdirSync(FOLDER, { recursive: true });
  const name = join(FOLDER, results.conditions.date);
  writeFileSync(`${name}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${name}.md`, pageOf(results));
}

function pageOf({ conditions, outcomes }: Results): string {
  const rows = outcomes.flatMap(({ rows }) => rows);
  const lines = BARS.flatMap((bar) => {
    const row = rows.find(({ id }) => id === bar.id);
    if (row === undefined) return [];
    const spread = `${Math.min(...row.values).toPrecision(3)}–${Math.max(...row.values).toPrecision(3)}`;
    const sign = bar.better === 'higher' ? '≥' : '≤';
    const unit = bar.unit === 'ratio' ? '' : ` ${bar.unit}`;
    const cells = [bar.id, bar.what, `${row.median.toPrecision(3)}${unit}`, spread];
    return [`| ${[...cells, `${sign} ${bar.bar.toPrecision(2)}`, holds(bar, row) ? 'yes' : 'no'].join(' | ')} |`];
  });
  return [
    `# Measured on ${conditions.date}`,
    '',
    ...Object.entries(conditions.settings).map(([name, value]) => `- ${name}: ${value}`),
    '',
    'Medians; the spread is that of the rounds.',
    '',
    '| row | what | median | spread | bar | holds |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    ...outcomes.flatMap(detailsOf),
  ].join('\n');
}

/** Every figure of every variant, as medians. */
function detailsOf({ name, about, rounds }: Outcome): string[] {
  const lines = Object.entries(rounds[0] ?? {}).flatMap(([variant, figures]) =>
    Object.keys(figures).map((figure) => {
      const values = rounds.map((round) => round[variant][figure]).toSorted((a, b) => a - b);
      const middle = values[values.length >> 1];
      return `| ${variant} | ${figure} | ${middle.toPrecision(4)} | ${values.map((value) => value.toPrecision(3)).join(' ')} |`;
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
