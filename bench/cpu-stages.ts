import type { Cpu } from './cpu.js';
import type { Stage } from './plots/cpu.plot.js';
import type { Figures } from './scenario.js';
import type { Outcome } from './run.js';
import { median } from './statistics.js';

/** The figures of `cpuFigures`, by which a variant says what an email costs. */
const NAMES = { node: 'node_us', postgres: 'postgres_us', nats: 'nats_us' } as const;

/** CPU microseconds per email, as figures of a variant. */
export function cpuFigures({ node, postgres, nats }: Cpu): Figures {
  return { [NAMES.node]: node, [NAMES.postgres]: postgres, [NAMES.nats]: nats };
}

/** Every variant that says what an email costs, in the order in which they were measured. */
export function cpuStages(outcomes: readonly Outcome[]): Stage[] {
  return outcomes.flatMap(({ name, rounds }) =>
    Object.keys(rounds[0] ?? {})
      .filter((variant) => NAMES.node in rounds[0][variant])
      .map((variant) => {
        const of = (figure: string) => median(rounds.map((round) => round[variant][figure]));
        return {
          name: `${name}: ${variant}`,
          cpu: { node: of(NAMES.node), postgres: of(NAMES.postgres), nats: of(NAMES.nats) },
        };
      }),
  );
}
