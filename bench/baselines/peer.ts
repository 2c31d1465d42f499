import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { required } from '../../test/support/stack.js';

/** Jobs per call of a peer's batch API. */
export const JOBS_PER_CALL = 1_000;

/** A job queue at its best settings: jobs go in by its batch call, and come out and are completed as fast as it can. */
export interface Peer {
  /** Resolves when all of them are stored. */
  enqueue(jobs: readonly object[]): Promise<void>;
  /** Resolves when so many jobs, all that there are, have been taken and completed. */
  drain(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** A job as a mail of 200 bytes would be: about 300 bytes of JSON. */
export function jobsOf(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `0192f0c1-2345-7000-8000-${String(index).padStart(12, '0')}`,
    email: `user${String(index).padStart(12, '0')}@example.com`,
    subject: 'Measured',
    content: `<p>${'Hello. '.repeat(27)}</p>`,
  }));
}

/** A package that `npm run bench -- peers` has installed outside the project. */
export async function importPeer<Module>(name: string): Promise<Module> {
  const resolve = createRequire(join(required('BENCH_PEERS'), 'package.json')).resolve;
  return (await import(pathToFileURL(resolve(name)).href)) as Module;
}

/** So many calls at a time over all the jobs. */
export async function inCalls(
  jobs: readonly object[],
  lanes: number,
  call: (jobs: readonly object[]) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < jobs.length) await call(jobs.slice(next, (next += JOBS_PER_CALL)));
  };
  await Promise.all(Array.from({ length: lanes }, work));
}
