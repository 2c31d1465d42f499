import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { memoryOf } from '../cpu.js';
import { exchange, open } from '../load/http-load.js';
import { emptyLedger } from '../load/ledger.js';
import { request, submission } from '../load/submissions.js';
import type { Scenario } from '../scenario.js';

const MESSAGES = 100;
const PER_MESSAGE = 1_000;
/** Between two requests of one small client: each asks often enough to meet every stall of the event loop. */
const PAUSE_MS = 2;

export const largeRequest: Scenario = {
  name: 'large-request',
  about:
    '100,000 recipients in one request, three times in a row, while three clients ask for health, a topic page and the storing of one ' +
    'recipient, each again 2 ms after its last answer: the longest that any of them waited, and the peak memory of the gateway.',
  async prepare(workbench) {
    const stack = await workbench.stack();
    const gateway = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
    const large = submission(workbench.count(MESSAGES, 2), PER_MESSAGE, 0);
    const small = {
      health: request('GET', '/health'),
      page: request('GET', '/v1/topics/bench'),
      single: submission(1, 1, 0, 'single'),
    };

    const ask = async (bytes: Buffer, isOver: () => boolean): Promise<number> => {
      const socket = await open(gateway.url);
      let longestMs = 0;
      while (!isOver()) {
        const sentMs = performance.now();
        await exchange(socket, bytes);
        longestMs = Math.max(longestMs, performance.now() - sentMs);
        await sleep(PAUSE_MS);
      }
      socket.destroy();
      return longestMs;
    };

    return {
      variants: {
        gateway: async () => {
          await emptyLedger(pool);
          let isOver = false;
          const waits = Object.entries(small).map(
            async ([name, bytes]) => [name, await ask(bytes, () => isOver)] as const,
          );
          const socket = await open(gateway.url);
          const startedMs = performance.now();
          for (let index = 0; index < 3; index++) await exchange(socket, large);
          const elapsedMs = (performance.now() - startedMs) / 3;
          socket.destroy();
          isOver = true;
          const longest = Object.fromEntries(await Promise.all(waits));
          const { peak } = memoryOf(gateway.pid);
          return {
            ...Object.fromEntries(Object.entries(longest).map(([name, ms]) => [`${name}_ms`, ms])),
            longest_ms: Math.max(...Object.values(longest)),
            large_ms: elapsedMs,
            peak_mib: peak,
          };
        },
      },
      rows: [
        { id: 'I4-wait', of: ({ gateway }) => gateway.longest_ms },
        { id: 'I4-memory', of: ({ gateway }) => gateway.peak_mib },
      ],
      close: async () => {
        await pool.end();
        await workbench.close(stack);
      },
    };
  },
};
