import type { Workbench } from './workbench.js';

/** What a variant measured in one round, by name: rates per second, milliseconds, MiB. */
export type Figures = Readonly<Record<string, number>>;

/** One round: what each variant measured. */
export type Round = Readonly<Record<string, Figures>>;

/** The value of a row of `bars.ts`, computed from one round; the row's figure is the median over the rounds. */
export interface Row {
  id: string;
  of(round: Round): number;
}

/**
 * Things that are measured side by side. The variants run one after the other, round by round, every second round in
 * reverse order: what drifts on the machine meets all of them alike.
 */
export interface Prepared {
  variants: Readonly<Record<string, () => Promise<Figures>>>;
  rows: readonly Row[];
  close(): Promise<void>;
}

export interface Scenario {
  /** As the command line calls it. */
  name: string;
  /** What is compared with what, under which conditions: stands in the results. */
  about: string;
  /** Fewer rounds than the run's where one takes minutes; never fewer than asked for where a bar hangs on it. */
  rounds?: number;
  /** Runs only where it is named: it takes long, or needs what the project does not. */
  isOnRequest?: boolean;
  prepare(workbench: Workbench): Promise<Prepared>;
}
