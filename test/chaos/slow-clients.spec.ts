import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryOf } from '../../bench/cpu.js';
import { eventually } from '../support/eventually.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';
import { hardlyAbove, submissionsP99 } from '../support/submission-times.js';

const SLOW_CLIENTS = 5_000;
/** Within it a request line and its headers have to arrive. */
const HEADERS_SECONDS = 15;
const MAX_BODY_MIB = 32;
const SENT_MIB = 4 * MAX_BODY_MIB;

const HEAD = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\ncontent-type: application/json\r\n`;

describe('a client that takes its time', () => {
  let stack: Stack;
  let gateway: Gateway;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    stack = await Stack.start();
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await stack.stop();
  });

  async function open(bytes: string, { url } = gateway, allowHalfOpen = false): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen });
    sockets.add(socket);
    socket.on('error', () => undefined);
    // Who does not read does not see the end either.
    socket.resume();
    socket.on('close', () => sockets.delete(socket));
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  }

  it(`holds nobody up, were it ${SLOW_CLIENTS} at once, and is sent away within ${HEADERS_SECONDS} seconds`, async () => {
    await submissionsP99(stack, gateway);
    const alone = await submissionsP99(stack, gateway);
    const startMs = performance.now();
    for (let opened = 0; opened < SLOW_CLIENTS; opened += 250) {
      await Promise.all(Array.from({ length: 250 }, () => open(HEAD.slice(0, 40))));
    }
    const openedMs = performance.now();
    const beside = await submissionsP99(stack, gateway);
    expect(sockets.size, 'all of them are still there').toBe(SLOW_CLIENTS);
    await eventually(() => sockets.size === 0, (HEADERS_SECONDS + 5) * 1_000, 'the end of the last of them');
    const lastMs = performance.now() - openedMs;
    const aloneAgain = await submissionsP99(stack, gateway);
    console.log(
      `submissions, 99th percentile: ${alone.toFixed(1)} and ${aloneAgain.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${SLOW_CLIENTS}, ` +
        `opened in ${((openedMs - startMs) / 1_000).toFixed(1)} s; the last was gone after ${(lastMs / 1_000).toFixed(1)} s`,
    );
    expect(beside).toBeLessThanOrEqual(hardlyAbove(alone, aloneAgain));
    expect(lastMs).toBeLessThanOrEqual((HEADERS_SECONDS + 1) * 1_000);
  });

  it.each([
    ['that says so', `content-length: ${200 * 1024 * 1024}\r\n\r\n`, ''],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n', 'x'.repeat(1024 * 1024)],
  ])('and a body above the limit, %s, costs hardly more memory than the limit', async (_name, head, chunk) => {
    // One whose peak is still to come.
    const fresh = await stack.gateway();
    const before = memoryOf(fresh.pid);
    // It goes on whatever it is answered.
    const socket = await open(HEAD + head, fresh, true);
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    const isTakenOrOver = () => new Promise<void>((resolve) => socket.once('drain', resolve).once('close', resolve));
    for (let sent = 0; sent < SENT_MIB && chunk !== '' && socket.writable; sent++) {
      if (!socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)) await isTakenOrOver();
    }
    await eventually(() => answer !== '', 10_000, 'the answer');
    expect(answer).toMatch(/^HTTP\/1.1 413 [^]*payload_too_large/);
    const rise = memoryOf(fresh.pid).peak - before.rss;
    console.log(`a body above the limit: ${rise.toFixed(0)} MiB more`);
    // The limit, and what is read of the rest (edge.hooks.ts): 40 MiB were seen.
    expect(rise).toBeLessThanOrEqual(MAX_BODY_MIB * 1.5);
  });
});
