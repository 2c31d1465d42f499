/** Every fault of the environment at once; the message is what the process prints before it exits with 1. */
export class EnvironmentError extends Error {
  constructor(readonly faults: string[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super([`The environment has ${count}:`, ...faults.map((fault) => `  - ${fault}`)].join('\n'));
    this.name = 'EnvironmentError';
  }
}
