import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Conditions } from './conditions.js';
import type { Outcome } from './run.js';

/** The rows of one run. */
export interface Run {
  /** When it ended, UTC. */
  at: string;
  medians: Record<string, number>;
}

/** What was measured under the same conditions on one day: the last run whole, and the medians of all. */
export interface Results {
  conditions: Conditions;
  runs: Run[];
  outcomes: Outcome[];
}

/** `all` is what a run without names measures; the others need more time or other software. */
export type Suite = 'all' | 'peers' | 'large';

export const RESULTS_FOLDER = 'bench/results';

/** Adds a run to those of the same day, commit and machine. */
export function addRun(suite: Suite, conditions: Conditions, outcomes: Outcome[]): Results {
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  const file = join(RESULTS_FOLDER, `${fileName(suite, conditions.date)}.json`);
  const earlier = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : null;
  const isSame = earlier !== null && JSON.stringify(earlier.conditions) === JSON.stringify(conditions);
  const medians = Object.fromEntries(outcomes.flatMap(({ rows }) => rows.map(({ id, median }) => [id, median])));
  const run = { at: new Date().toISOString(), medians };
  const results = { conditions, runs: [...(isSame ? earlier.runs : []), run], outcomes };
  writeFileSync(file, `${JSON.stringify(results)}\n`);
  return results;
}

/** The newest results of a suite; null before its first run. */
export function latestResults(suite: Suite): Results | null {
  const pattern = new RegExp(`^\\d{4}-\\d{2}-\\d{2}${suffix(suite)}\\.json$`);
  const names = existsSync(RESULTS_FOLDER) ? readdirSync(RESULTS_FOLDER).filter((name) => pattern.test(name)) : [];
  const newest = names.toSorted().at(-1);
  if (newest === undefined) return null;
  return JSON.parse(readFileSync(join(RESULTS_FOLDER, newest), 'utf8')) as Results;
}

export function fileName(suite: Suite, date: string): string {
  return `${date}${suffix(suite)}`;
}

function suffix(suite: Suite): string {
  return suite === 'all' ? '' : `-${suite}`;
}
