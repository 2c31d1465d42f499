import pg from 'pg';
import { drive } from '../load/http-load.js';
import { emptyLedger } from '../load/ledger.js';
import { submission } from '../load/submissions.js';
import type { Scenario } from '../scenario.js';

const PER_MESSAGE = 1_000;
const CONNECTIONS = 4;

export const twoGateways: Scenario = {
  name: 'two-gateways',
  about:
    'The same submissions of 1,000 recipients over 4 connections, all to one gateway, and half to each of two: neither dispatches.',
  async prepare(workbench) {
    const stack = await workbench.stack();
    const env = { SCHEDULER_ENABLED: 'false' };
    const gateways = [await stack.gateway(env), await stack.gateway(env)].map(({ url }) => url);
    const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
    const count = workbench.count(400, 4);
    const requests = Array.from({ length: count }, (_, index) => submission(1, PER_MESSAGE, index * PER_MESSAGE));

    const measure = async (urls: readonly string[]) => {
      await emptyLedger(pool);
      const { seconds } = await drive(urls, CONNECTIONS, count, (index) => requests[index]);
      return { emails_per_s: (count * PER_MESSAGE) / seconds };
    };

    return {
      variants: { one: () => measure(gateways.slice(0, 1)), two: () => measure(gateways) },
      rows: [{ id: 'P1-ingest', of: ({ one, two }) => two.emails_per_s / one.emails_per_s }],
      close: async () => {
        await pool.end();
        await workbench.close(stack);
      },
    };
  },
};
