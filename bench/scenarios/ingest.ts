import pg from 'pg';
import { copy, oldRows, ourRows } from '../baselines/copy.js';
import { createOldTables, emptyOldTables } from '../baselines/old-service.js';
import { insertAtMost, insertOneByOne } from '../baselines/old-inserts.js';
import { cpuPerItem } from '../cpu.js';
import { drive } from '../load/http-load.js';
import { emptyLedger } from '../load/ledger.js';
import { submission } from '../load/submissions.js';
import type { Scenario } from '../scenario.js';

const PER_MESSAGE = 1_000;
const MESSAGES_OF_A_LARGE_ONE = 100;
const CONNECTIONS = 4;
/** Some of them find the most that the old statements reach on any machine that this runs on. */
const OLD_CONNECTIONS = [2, 4, 10];

export const ingest: Scenario = {
  name: 'ingest',
  about:
    'Emails stored per second, answered after their commit: submissions of one message of 1,000 over 4 connections, and ' +
    'of 100 × 1,000 over 2, by a gateway that does not dispatch; beside COPY text into the same tables on one ' +
    'connection in one transaction, COPY into the table of the old service, its statements one by one in a transaction, ' +
    'and the same statements prepared over 2, 4 and 10 connections, of which the best counts.',
  async prepare(workbench) {
    const stack = await workbench.stack();
    const gateway = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 });
    await createOldTables(pool);

    const messages = workbench.count(400, 4);
    const larges = workbench.count(4, 1);
    const small = Array.from({ length: messages }, (_, index) => submission(1, PER_MESSAGE, index * PER_MESSAGE));
    const large = submission(MESSAGES_OF_A_LARGE_ONE, PER_MESSAGE, 0);
    const copies = ourRows(messages);
    const rows = messages * PER_MESSAGE;

    /** From the first request to the last answer. */
    const over = async (requests: number, connections: number, emails: number, request: (index: number) => Buffer) => {
      await emptyLedger(pool);
      const before = workbench.cpu([gateway.pid]);
      const { seconds } = await drive([gateway.url], connections, requests, request);
      return { emails_per_s: emails / seconds, ...cpuPerItem(before, workbench.cpu([gateway.pid]), emails) };
    };

    return {
      variants: {
        http: () => over(messages, CONNECTIONS, rows, (index) => small[index]),
        http_large: () => over(larges, 2, larges * MESSAGES_OF_A_LARGE_ONE * PER_MESSAGE, () => large),
        copy: async () => {
          await emptyLedger(pool);
          const before = workbench.cpu();
          const seconds = await copy(pool, copies);
          return { emails_per_s: rows / seconds, ...cpuPerItem(before, workbench.cpu(), rows) };
        },
        old_copy: async () => {
          const seconds = await copy(pool, oldRows(rows / 2, await emptyOldTables(pool)));
          return { emails_per_s: rows / 2 / seconds };
        },
        old_one_by_one: async () => {
          const contentId = await emptyOldTables(pool);
          return { emails_per_s: await insertOneByOne(pool, contentId, workbench.count(10_000, 500)) };
        },
        old_at_most: async () => {
          const figures: Record<string, number> = {};
          for (const connections of OLD_CONNECTIONS) {
            const contentId = await emptyOldTables(pool);
            const count = Math.ceil(workbench.count(25_000, 500) / connections);
            figures[`of_${connections}`] = await insertAtMost(stack.databaseUrl, contentId, connections, count);
          }
          return { ...figures, emails_per_s: Math.max(...Object.values(figures)) };
        },
      },
      rows: [
        { id: 'I1', of: ({ http, copy }) => http.emails_per_s / copy.emails_per_s },
        { id: 'I1-large', of: ({ http_large, copy }) => http_large.emails_per_s / copy.emails_per_s },
        { id: 'I1b', of: ({ http, old_copy }) => http.emails_per_s / old_copy.emails_per_s },
        { id: 'I2', of: ({ http, old_one_by_one }) => http.emails_per_s / old_one_by_one.emails_per_s },
        { id: 'I2-ceiling', of: ({ http, old_at_most }) => http.emails_per_s / old_at_most.emails_per_s },
      ],
      close: async () => {
        await pool.end();
        await workbench.close(stack);
      },
    };
  },
};
