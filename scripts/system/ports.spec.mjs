// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePortFrom } from './ports.mjs';

/** Below those that the system gives to connections: one of these would be taken between the look and the use. */
const PORTS = { from: 20_000, count: 12_000 };

function freePort() {
  return freePortFrom(PORTS.from + Math.floor(Math.random() * PORTS.count));
}

it.each(['127.0.0.1', '0.0.0.0'])('passes over a port that is taken on %s', async (host) => {
  const taken = await freePort();
  const server = createServer().listen(taken, host);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await freePortFrom(taken)).toBeGreaterThan(taken);
});

it('takes the first port when it is free', async () => {
  const port = await freePort();
  expect(await freePortFrom(port)).toBe(port);
});
