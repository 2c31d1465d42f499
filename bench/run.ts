import type { Round, Scenario } from './scenario.js';
import { median } from './statistics.js';
import type { Workbench } from './workbench.js';

/** What a scenario measured: all its rounds, and each row's value in each of them. */
export interface Outcome {
  name: string;
  about: string;
  rounds: Round[];
  rows: { id: string; values: number[]; median: number }[];
}

/** Rounds that only warm caches and connections are thrown away; the others count. */
export async function run(
  scenario: Scenario,
  workbench: Workbench,
  roundsWanted: number,
  warmUps: number,
): Promise<Outcome> {
  const rounds: Round[] = [];
  const count = Math.min(roundsWanted, scenario.rounds ?? roundsWanted);
  workbench.say(`${scenario.name}: preparing`);
  const prepared = await scenario.prepare(workbench);
  try {
    const names = Object.keys(prepared.variants);
    for (let index = 1 - warmUps; index <= count; index++) {
      const round: Record<string, Record<string, number>> = {};
      for (const name of index % 2 === 0 ? names : names.toReversed()) {
        workbench.say(`${scenario.name}: ${index < 1 ? 'warming up' : `round ${index} of ${count}`}, ${name}`);
        round[name] = { ...(await prepared.variants[name]()) };
      }
      if (index > 0) rounds.push(round);
    }
  } finally {
    await prepared.close();
  }
  const rows = prepared.rows.map(({ id, of }) => {
    const values = rounds.map((round) => of(round));
    return { id, values, median: median(values) };
  });
  return { name: scenario.name, about: scenario.about, rounds, rows };
}
