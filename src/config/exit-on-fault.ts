import { EnvironmentError } from './environment-error.js';

/** Ends a process that cannot start: with the list of faults where the environment has any, else with the error. */
export function exitOnFault(error: unknown): never {
  const isEnvironment = error instanceof EnvironmentError;
  const text = error instanceof Error ? (isEnvironment ? error.message : error.stack) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
