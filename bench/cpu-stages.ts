import type { Stage } from './plots/cpu.plot.js';
import type { Outcome } from './run.js';
import { median } from './statistics.js';

/** Every variant that says what an email costs, in the order in which they were measured. */
export function cpuStages(outcomes: readonly Outcome[]): Stage[] {
  return outcomes.flatMap(({ name, rounds }) =>
    Object.keys(rounds[0] ?? {})
      .filter((variant) => 'node_us' in rounds[0][variant])
      .map((variant) => {
        const of = (figure: string) => median(rounds.map((round) => round[variant][figure]));
        return {
          name: `${name}: ${variant}`,
          cpu: { node: of('node_us'), postgres: of('postgres_us'), nats: of('nats_us') },
        };
      }),
  );
}
