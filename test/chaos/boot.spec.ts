import { expect, it, onTestFinished } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { reportPromise } from '../support/promise-report.js';
import { Stack } from '../support/stack.js';

const PROCESSES = 8;
/** They share the cores that one has for itself. */
const BOOT_MS = 100_000;

it('lets eight gateways boot at once on an empty database: each migration runs once', async () => {
  const stack = await Stack.start();
  onTestFinished(() => stack.stop());
  const startedMs = Date.now();
  const gateways = await Promise.all(Array.from({ length: PROCESSES }, () => stack.spawnGateway()));
  await Promise.all(gateways.map((gateway) => gateway.answers(`${gateway.url}/health/ready`, 200, BOOT_MS)));
  const readyMs = Date.now() - startedMs;
  console.info(`${PROCESSES} gateways are ready ${readyMs} ms after they were started`);

  const names = migrations.map(({ name }) => name).sort();
  const rows = await stack.query<{ name: string }>('SELECT name FROM migrations ORDER BY name');
  expect(rows.map(({ name }) => name)).toEqual(names);
  const logs = gateways.map(({ output }) => output).join('\n');
  const ran = [...logs.matchAll(/migrated: (\w+)/g)].map(([, name]) => name).sort();
  expect(ran).toEqual(names);
  expect(logs).not.toMatch(/"level":"(error|fatal)"/);
  for (const gateway of gateways) expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P23',
    under: 'eight gateways booting at once on an empty database',
    promised: 'each migration runs once',
    stream: null,
    provider: null,
    measured: `${ran.length} of ${names.length} migrations ran, all ready after ${(readyMs / 1_000).toFixed(1)} s`,
    recipients: 0,
    kills: 0,
    seed: null,
  });
});
