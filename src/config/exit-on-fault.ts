import { EnvironmentError } from './environment-error.js';

/** Ends a process that cannot start: with the list of faults where the environment has any, else with the error. */
export function exitOnFault(error: unknown): never {
  const isEnvironment = error instanceof EnvironmentError;
  process.stderr.write(`${isEnvironment || !(error instanceof Error) ? String(error) : error.stack}\n`);
  process.exit(1);
}
