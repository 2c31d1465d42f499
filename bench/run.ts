import type { Prepared, Round, Scenario } from './scenario.js';
import { median } from './statistics.js';
import type { Workbench } from './workbench.js';

/** What a scenario measured: all its rounds, and each row's value in each of them. */
export interface Outcome {
  name: string;
  about: string;
  rounds: Round[];
  rows: RowFigure[];
}

export interface RowFigure {
  id: string;
  values: number[];
  median: number;
}

/** At most so many times the rounds that were wanted. */
const MOST_TIMES = 3;

/**
 * Rounds that only warm caches and connections are thrown away; all others count. Where they do not satisfy, as many
 * follow: a disk that others share was seen to take thirty times as long per commit for some minutes.
 */
export async function run(
  scenario: Scenario,
  workbench: Workbench,
  roundsWanted: number,
  warmUps: number,
  satisfies: (rows: readonly RowFigure[]) => boolean = () => true,
): Promise<Outcome> {
  const rounds: Round[] = [];
  const count = Math.min(roundsWanted, scenario.rounds ?? roundsWanted);
  let last = count;
  workbench.say(`${scenario.name}: preparing`);
  const prepared = await scenario.prepare(workbench);
  try {
    const names = Object.keys(prepared.variants);
    for (let index = 1 - warmUps; index <= last; index++) {
      const round: Record<string, Record<string, number>> = {};
      for (const name of index % 2 === 0 ? names : names.toReversed()) {
        workbench.say(`${scenario.name}: ${index < 1 ? 'warming up' : `round ${index} of ${last}`}, ${name}`);
        round[name] = { ...(await prepared.variants[name]()) };
      }
      if (index > 0) rounds.push(round);
      if (index === last && last < MOST_TIMES * count && !satisfies(rowsOf(prepared, rounds))) last += count;
    }
  } finally {
    await prepared.close();
  }
  return { name: scenario.name, about: scenario.about, rounds, rows: rowsOf(prepared, rounds) };
}

function rowsOf({ rows }: Prepared, rounds: readonly Round[]): RowFigure[] {
  return rows.map(({ id, of }) => {
    const values = rounds.map((round) => of(round));
    return { id, values, median: median(values) };
  });
}
