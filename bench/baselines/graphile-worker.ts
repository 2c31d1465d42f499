import { importPeer, inCalls, type Peer } from './peer.js';

interface Utilities {
  migrate(): Promise<void>;
  addJobs(jobs: readonly { identifier: string; payload: object }[]): Promise<unknown>;
  release(): Promise<void>;
}
interface Runner {
  stop(): Promise<void>;
}
interface GraphileWorker {
  makeWorkerUtils(options: object): Promise<Utilities>;
  run(options: object): Promise<Runner>;
  Logger: new (factory: () => () => void) => object;
}

const TASK = 'bench';
const LANES = 4;
/** Its documentation's advice for trivial jobs at a high rate. */
const BATCHING = { localQueue: { size: 1_000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const CONCURRENCY = { concurrentJobs: 200, maxPoolSize: 10 };

export async function startGraphileWorker(connectionString: string): Promise<Peer> {
  const { makeWorkerUtils, run, Logger } = await importPeer<GraphileWorker>('graphile-worker');
  const logger = new Logger(() => () => undefined);
  const utilities = await makeWorkerUtils({ connectionString, logger });
  await utilities.migrate();
  return {
    enqueue: (jobs) =>
      inCalls(jobs, LANES, (some) => utilities.addJobs(some.map((payload) => ({ identifier: TASK, payload })))),
    drain: async (count) => {
      let done = 0;
      let finish: () => void;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const task = () => {
        if (++done === count) finish();
      };
      const worker = { connectionString, ...CONCURRENCY, ...BATCHING };
      const runner = await run({ preset: { worker }, logger, noHandleSignals: true, taskList: { [TASK]: task } });
      await finished;
      // Completes what it has collected.
      await runner.stop();
    },
    stop: () => utilities.release(),
  };
}
