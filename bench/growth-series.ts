import type { Series } from './plots/growth.plot.js';
import type { Outcome } from './run.js';
import { median } from './statistics.js';

export const GROWTH_BAR = 1.3;

/** Of the scenario `growth`, whose variants are sizes: each cost, relative to the smallest size. */
export function growthSeries(outcomes: readonly Outcome[]): Series[] {
  const growth = outcomes.find(({ name }) => name === 'growth');
  if (growth === undefined || growth.rounds.length === 0) return [];
  const costOf = (variant: string, figure: string) => median(growth.rounds.map((round) => round[variant][figure]));
  const variants = Object.keys(growth.rounds[0])
    .filter((variant) => 'stored' in growth.rounds[0][variant])
    .toSorted((a, b) => costOf(a, 'stored') - costOf(b, 'stored'));
  const costs = Object.keys(growth.rounds[0][variants[0]]).filter((figure) => figure.endsWith('_us'));
  return costs.map((figure) => ({
    name: figure.replace(/_us$/, ''),
    points: variants.map((variant) => ({
      stored: costOf(variant, 'stored'),
      relative: costOf(variant, figure) / costOf(variants[0], figure),
    })),
  }));
}
