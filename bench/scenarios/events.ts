import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, freePort } from '../../test/support/child.js';
import { SnsTopic } from '../../test/support/sns.js';
import type { Stack } from '../../test/support/stack.js';
import { cpuPerItem } from '../cpu.js';
import { deliveryRequest, pixelRequest } from '../load/event-requests.js';
import { drive } from '../load/http-load.js';
import { dispatchEmails, emailsIn } from '../load/dispatched-emails.js';
import type { Figures, Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';
import type { Workbench } from '../workbench.js';

/** Twice as many as opens are remembered by a gateway, which would not record those a second time. */
const EMAILS = 20_000;
const CONNECTIONS = 64;
const SECRET = 'a secret for the bench';
const TABLES = ['batches', 'emails', 'topic_counters', 'topic_buckets'];
/** Sooner after its dispatch an open is taken for a machine's. */
const FASTEST_PERSON_MS = 2_500;

export const events: Scenario = {
  name: 'events',
  about:
    `Pixels of 20,000 dispatched emails, and signed Deliveries of SNS of 10,000 of them, over ${CONNECTIONS} connections to a gateway ` +
    'with an external sender, so that each raises its email and moves counters and buckets; beside a bare Fastify that ' +
    'writes one INSERT per request, and a gateway that does not check signatures. Each variant begins with the same ledger.',
  async prepare(workbench) {
    const topic = new SnsTopic();
    const env = { EXTERNAL_SENDER: 'true', QUEUE_HIGH_WATER: '1000000', TRACKING_SECRET: SECRET, ...topic.env };
    const stack = await workbench.stack({ env });
    const gateway = await stack.gateway();
    const count = workbench.count(EMAILS, 400);
    const reported = Math.floor(count / 2);
    await dispatchEmails(stack, gateway, count);
    await sleep(FASTEST_PERSON_MS);
    await save(stack);
    const trusting = await spawn(stack, 'dist/bench/processes/trusting-gateway.js');
    const inserting = await spawn(stack, 'dist/bench/baselines/insert-server.js');
    const emails = await stack.query<{ id: string; address: string }>('SELECT id, address FROM emails ORDER BY id');
    const pixels = emails.map(({ id }) => pixelRequest(SECRET, id));
    const deliveries = emails.slice(0, reported).map(({ id, address }) => deliveryRequest(topic, id, address));

    const measure = async (server: Server, requests: readonly Buffer[]): Promise<Figures> => {
      await restore(stack);
      const figures = await load(workbench, server, requests);
      if (server === inserting) return figures;
      const raised = await emailsIn(stack, requests === pixels ? 'sent' : 'delivered');
      if (raised !== requests.length) throw new Error(`${raised} of ${requests.length} emails were raised`);
      return figures;
    };
    return {
      variants: {
        opens: () => measure(gateway, pixels),
        open_inserts: () => measure(inserting, pixels),
        sns: () => measure(gateway, deliveries),
        sns_inserts: () => measure(inserting, deliveries),
        sns_unchecked: () => measure(trusting, deliveries),
      },
      rows: [
        { id: 'E1', of: ({ opens, open_inserts: inserts }) => opens.requests_per_s / inserts.requests_per_s },
        { id: 'E1-sns', of: ({ sns, sns_inserts: inserts }) => sns.requests_per_s / inserts.requests_per_s },
        { id: 'E2', of: ({ sns, sns_unchecked: unchecked }) => sns.requests_per_s / unchecked.requests_per_s },
      ],
      close: async () => {
        topic.close();
        await workbench.close(stack);
      },
    };
  },
};

type Server = Pick<Child, 'pid'> & { url: string };

async function spawn(stack: Stack, script: string): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = stack.spawn(script, { ...stack.env, SERVER_PORT: String(port), SERVER_HOST: url, METRICS_PORT: '0' });
  await child.answers(`${url}/health/ready`);
  return { pid: child.pid, url };
}

async function load(workbench: Workbench, { url, pid }: Server, requests: readonly Buffer[]): Promise<Figures> {
  const before = workbench.cpu([pid]);
  const { seconds, latencies } = await drive([url], CONNECTIONS, requests.length, (index) => requests[index]);
  return {
    requests_per_s: requests.length / seconds,
    p99_ms: percentile(latencies, 99),
    ...cpuPerItem(before, workbench.cpu([pid]), requests.length),
  };
}

/** The ledger as the dispatcher has left it. */
async function save(stack: Stack): Promise<void> {
  for (const table of TABLES) await stack.query(`CREATE TABLE saved_${table} AS TABLE ${table}`);
  await stack.query('CREATE TABLE bare_events (LIKE events INCLUDING ALL)');
}

async function restore(stack: Stack): Promise<void> {
  await stack.query(`TRUNCATE events, bare_events, ${TABLES.join(', ')}`);
  for (const table of TABLES) await stack.query(`INSERT INTO ${table} SELECT * FROM saved_${table}`);
  // As autovacuum leaves a ledger that has grown: without statistics no plan is kept.
  await stack.query('ANALYZE batches, emails');
}
