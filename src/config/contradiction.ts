export type ProcessName = 'gateway' | 'sender' | 'cli';

/** A fault that no variable has alone. Left out while one of its variables is already reported. */
export interface Contradiction {
  of: readonly string[];
  text: string;
}

/** A class of variables that knows contradictions between them, or what one process needs and another does not. */
export interface Contradictable {
  contradictions(process: ProcessName): Contradiction[];
}
