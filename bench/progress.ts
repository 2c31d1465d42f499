import { BARS, verdictOn } from './bars.js';
import type { Outcome } from './run.js';
import { median } from './statistics.js';

/** What is going on, on one line of a terminal that is written over; elsewhere a line each. */
export class Progress {
  private readonly isTerminal = process.stderr.isTTY;

  say(text: string): void {
    process.stderr.write(this.isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
  }

  report({ rows, rounds }: Outcome): void {
    this.clear();
    for (const [variant, figures] of Object.entries(rounds[0] ?? {})) {
      const medians = Object.keys(figures).map((name) => {
        return `${name} ${median(rounds.map((round) => round[variant][name])).toPrecision(4)}`;
      });
      process.stdout.write(`  ${variant}: ${medians.join(', ')}\n`);
    }
    for (const row of rows) {
      const bar = BARS.find(({ id }) => id === row.id);
      if (bar === undefined) throw new Error(`bars.ts has no row ${row.id}`);
      const sign = bar.better === 'higher' ? '≥' : '≤';
      const verdict = { holds: 'holds', limited: `at the limit (${bar.limit?.held})`, missed: 'MISSED' }[
        verdictOn(bar, row.median)
      ];
      const figure = `${row.median.toPrecision(3)} (${sign} ${bar.bar.toPrecision(3)} ${bar.unit})`;
      process.stdout.write(`${row.id.padEnd(12)} ${figure.padEnd(24)} ${verdict}  ${bar.what}\n`);
    }
  }

  fail(name: string, error: unknown): void {
    this.clear();
    process.stdout.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }

  private clear(): void {
    if (this.isTerminal) process.stderr.write('\r\u001b[K');
  }
}
