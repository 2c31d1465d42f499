import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { boundedGet } from './bounded-get.js';

const LIMITS = { timeoutMs: 300, maxBytes: 1_000 };
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a bounded GET', () => {
  it('gives status and body', async () => {
    const url = await serve((_request, response) => void response.writeHead(418).end('x'.repeat(1_000)));
    expect(await boundedGet(url, LIMITS)).toEqual({ status: 418, body: Buffer.from('x'.repeat(1_000)) });
  });

  it('follows no redirect', async () => {
    const paths: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await boundedGet(url, LIMITS)).toMatchObject({ status: 302 });
    expect(paths).toEqual(['/']);
  });

  it('stops reading at its limit, and hangs up', async () => {
    let hungUp!: () => void;
    const closed = new Promise<void>((resolve) => (hungUp = resolve));
    const url = await serve((_request, response) => {
      response.on('close', hungUp);
      const feed = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', feed);
      feed();
    });
    expect(await boundedGet(url, LIMITS)).toEqual({ status: 200, body: null });
    await closed;
  });

  it('stops waiting for a body that trickles', async () => {
    const url = await serve((_request, response) => void response.write('x'));
    expect(await boundedGet(url, LIMITS)).toEqual({ status: 200, body: null });
  });

  it('throws where no answer comes in time, or nobody listens', async () => {
    const url = await serve(() => {});
    await expect(boundedGet(url, LIMITS)).rejects.toThrow(/timeout/);
    server?.closeAllConnections();
    server?.close();
    await expect(boundedGet(url, LIMITS)).rejects.toThrow('fetch failed');
  });
});
