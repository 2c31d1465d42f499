// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, freePortFrom } from './ports.mjs';

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
