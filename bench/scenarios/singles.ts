import pg from 'pg';
import { freePort } from '../../test/support/child.js';
import { cpuPerItem } from '../cpu.js';
import { drive } from '../load/http-load.js';
import { emptyLedger } from '../load/ledger.js';
import { submission } from '../load/submissions.js';
import type { Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const CONNECTIONS = 64;
/** Mail of many campaigns at once: one topic would make every transaction of the baseline wait for its counter. */
const TOPICS = 50;

export const singles: Scenario = {
  name: 'singles',
  about:
    `Submissions of one recipient over ${CONNECTIONS} connections, of ${TOPICS} topics, each answered after its commit, by a gateway ` +
    'that does not dispatch; beside a bare Fastify in a process of its own that stores the same rows, counter included, ' +
    'in a transaction per request with prepared statements.',
  async prepare(workbench) {
    const stack = await workbench.stack();
    const gateway = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const baseline = stack.spawn('dist/bench/baselines/transaction-server.js', {
      DATABASE_URL: stack.databaseUrl,
      SERVER_PORT: String(port),
    });
    await baseline.answers(`${url}/health/ready`);
    const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
    const requests = Array.from({ length: workbench.count(10_000, 200) }, (_, index) =>
      submission(1, 1, index, `topic-${index % TOPICS}`),
    );

    const measure = async (server: string, pid: number, count: number) => {
      await emptyLedger(pool);
      const before = workbench.cpu([pid]);
      const { seconds, latencies } = await drive(
        [server],
        CONNECTIONS,
        count,
        (index) => requests[index % requests.length],
      );
      return {
        requests_per_s: count / seconds,
        p50_ms: percentile(latencies, 50),
        p99_ms: percentile(latencies, 99),
        ...cpuPerItem(before, workbench.cpu([pid]), count),
      };
    };

    return {
      variants: {
        gateway: () => measure(gateway.url, gateway.pid, workbench.count(20_000, 200)),
        transactions: () => measure(url, baseline.pid, workbench.count(8_000, 200)),
      },
      rows: [
        { id: 'I3', of: ({ gateway, transactions }) => gateway.requests_per_s / transactions.requests_per_s },
        { id: 'I3-p99', of: ({ gateway, transactions }) => gateway.p99_ms / transactions.p99_ms },
      ],
      close: async () => {
        await pool.end();
        await workbench.close(stack);
      },
    };
  },
};
