import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../cpu.js';
import type { Scenario } from '../scenario.js';

/** Long enough for what a start leaves to be collected. */
const SETTLE_MS = 2_000;

export const idle: Scenario = {
  name: 'idle',
  about:
    'A gateway on a migrated database: from the start of its process to a ready probe, and its memory two seconds later.',
  async prepare(workbench) {
    const stack = await workbench.stack();
    await (await stack.gateway()).stop();
    return {
      variants: {
        gateway: async () => {
          const startedMs = performance.now();
          const gateway = await stack.gateway();
          const seconds = (performance.now() - startedMs) / 1000;
          await sleep(SETTLE_MS);
          const { rss } = memoryOf(gateway.pid);
          await gateway.stop();
          return { start_s: seconds, rss_mib: rss };
        },
      },
      rows: [
        { id: 'M1-start', of: ({ gateway }) => gateway.start_s },
        { id: 'M1-memory', of: ({ gateway }) => gateway.rss_mib },
      ],
      close: () => workbench.close(stack),
    };
  },
};
