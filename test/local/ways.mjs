// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { Checkout } from './checkout.mjs';

/** All ways of running `npm run local`, on copies of this checkout. Linux; what needs root is left out without it. */

/** @typedef {import('./session.mjs').Session} Session */

const FIRST_START_LIMIT_MS = 25_000;
const LATER_START_LIMIT_MS = 10_000;
const STOP_ORDER = ['gateway', 'sender', 'simulator', 'NATS', 'PostgreSQL'];
const OCCUPIED_PORTS = [3000, 3001, 3002, 3003];
const NOBODY = { uid: 65534, gid: 65534 };
const OFFLINE = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const isRoot = process.getuid?.() === 0;

let passed = 0;
let failed = 0;

/**
 * @param {string} name
 * @param {() => Promise<string>} check returns figures to print
 */
async function way(name, check) {
  try {
    console.log(`ok    ${name}: ${await check()}`);
    passed++;
  } catch (error) {
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : error}`);
    failed++;
  }
}

/**
 * @param {string} name
 * @param {string} reason
 */
function leaveOut(name, reason) {
  console.log(`skip  ${name}: ${reason}`);
}

/**
 * @param {Session} session
 * @param {number} limitMs
 */
function readyWithin(session, limitMs) {
  assert.ok(session.readyMs <= limitMs, `ready only after ${session.readyMs.toFixed(0)} ms\n${session.output}`);
  return `ready in ${(session.readyMs / 1000).toFixed(1)} s`;
}

/**
 * @param {Checkout} checkout
 * @param {(session: Session) => Promise<string> | string} check
 * @param {{ first?: boolean, prefix?: string[] }} [options]
 */
async function running(checkout, check, { first = false, prefix } = {}) {
  const session = await checkout.start({ prefix });
  try {
    const ready = readyWithin(session, first ? FIRST_START_LIMIT_MS : LATER_START_LIMIT_MS);
    const mail = session.mail();
    return [ready, `mail after ${mail} ms`, await check(session)].filter(Boolean).join(', ');
  } finally {
    await session.interrupt();
  }
}

/**
 * @param {string} name
 * @param {ConstructorParameters<typeof Checkout>[1]} user
 * @param {number} parentMode
 */
async function firstAndSecondRun(name, user, parentMode) {
  const checkout = Checkout.make({ parentMode, user });
  let key = '';
  await way(`${name}, first run`, () =>
    running(
      checkout,
      (session) => {
        key = session.variable('API_KEY');
        assert.ok(key.length >= 32);
        return '';
      },
      { first: true },
    ),
  );
  await way(`${name}, second run`, () =>
    running(checkout, (session) => {
      assert.equal(session.variable('API_KEY'), key, 'the key has changed');
      return 'the same key';
    }),
  );
  return checkout;
}

const checkout = await firstAndSecondRun(isRoot ? 'root, 0755' : 'ordinary user, 0755', undefined, 0o755);

await way('Ctrl-C', async () => {
  const session = await checkout.start();
  const order = await session.interrupt();
  assert.deepEqual(order, STOP_ORDER);
  const screen = session.output.slice(session.output.indexOf('Ready')).split('Stopping')[0]?.trim().split('\n') ?? [];
  assert.ok(screen.length <= 12, `the last screen has ${screen.length} lines`);
  return `${order.join(', ')}; nothing left`;
});

await way('second launcher in one checkout', () =>
  running(checkout, () => {
    const { status, stderr } = spawnSync('npm', ['run', 'local'], { cwd: checkout.folder, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`running already .*${checkout.launcher}`));
    return 'refused, names the first';
  }),
);

await way('npm test beside a running system', () =>
  running(checkout, (session) => {
    const output = session.run('npm', ['test', '--', 'test/integration/engines.spec.ts']);
    const [line] = output.trimEnd().split('\n').slice(-1);
    assert.match(line ?? '', /^[1-9]\d* passed, 0 failed, \d+ skipped$/);
    const left = readdirSync(`${checkout.folder}/.local`).filter((name) => name.startsWith('test-'));
    assert.deepEqual(left, []);
    return `${line}; mail after ${session.mail()} ms`;
  }),
);

await way('port 3000 and its neighbours occupied', async () => {
  const servers = OCCUPIED_PORTS.map((port) =>
    createServer()
      .on('error', () => {})
      .listen(port, '127.0.0.1'),
  );
  try {
    return await running(checkout, (session) => {
      const port = Number(new URL(session.variable('SERVER_URL')).port);
      assert.ok(port > Math.max(...OCCUPIED_PORTS), `took port ${port}`);
      return `took ${port}`;
    });
  } finally {
    servers.forEach((server) => server.close());
  }
});

await way('launcher killed with -9', async () => {
  const session = await checkout.start();
  await session.killLauncher();
  const before = checkout.state.processes;
  return running(checkout, () => {
    const after = checkout.state.processes;
    for (const name of ['NATS', 'PostgreSQL']) assert.deepEqual(after[name], before[name], `${name} was not adopted`);
    for (const name of ['gateway', 'sender', 'simulator']) {
      assert.notEqual(after[name]?.pid, before[name]?.pid, `${name} was not replaced`);
      assert.ok(!checkout.processes().some((line) => line.startsWith(`${before[name]?.pid} `)), `${name} still runs`);
    }
    return 'engines adopted, the rest replaced';
  });
});

if (spawnSync(OFFLINE[0] ?? '', [...OFFLINE.slice(1), 'true']).status === 0) {
  await way('second run without a network', () => running(checkout, () => '', { prefix: OFFLINE }));
} else {
  leaveOut('second run without a network', 'no right to unshare the network here, or no ip command');
}
checkout.remove();

if (isRoot) {
  if (process.env.CI) {
    leaveOut('root, below a 0700 folder; ordinary user, 0755', 'CI has time for the easiest and the hardest alone');
  } else {
    (await firstAndSecondRun('root, below a 0700 folder', undefined, 0o700)).remove();
    (await firstAndSecondRun('ordinary user, 0755', NOBODY, 0o755)).remove();
  }
  (await firstAndSecondRun('ordinary user, below a 0700 folder', NOBODY, 0o700)).remove();
} else {
  leaveOut('root, and other users', 'only root can become another user');
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
