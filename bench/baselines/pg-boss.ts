import { importPeer, inCalls, JOBS_PER_CALL, type Peer } from './peer.js';

interface PgBoss {
  on(name: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<void>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: readonly { data: object }[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<{ id: string }[]>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
}

const QUEUE = 'bench';
/** Faster than one lane, here and in its own measurements. */
const LANES = 4;

export async function startPgBoss(connectionString: string): Promise<Peer> {
  const { PgBoss: Boss } = await importPeer<{ PgBoss: new (options: object) => PgBoss }>('pg-boss');
  // Neither cron nor maintenance beside what is measured.
  const boss = new Boss({ connectionString, max: LANES, schedule: false, supervise: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    enqueue: (jobs) =>
      inCalls(jobs, LANES, (some) =>
        boss.insert(
          QUEUE,
          some.map((data) => ({ data })),
        ),
      ),
    drain: async (count) => {
      let left = count;
      const work = async () => {
        while (left > 0) {
          const jobs = await boss.fetch(QUEUE, { batchSize: JOBS_PER_CALL });
          if (jobs.length === 0) return;
          left -= jobs.length;
          await boss.complete(
            QUEUE,
            jobs.map(({ id }) => id),
          );
        }
      };
      await Promise.all(Array.from({ length: LANES }, work));
      if (left > 0) throw new Error(`pg-boss left ${left} jobs`);
    },
    stop: () => boss.stop({ graceful: false }),
  };
}
