import { fastify, type FastifyInstance } from 'fastify';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.js';
import { Overload } from './overload.js';

/** So much is in hand with two requests that have an Idempotency-Key. */
const MOST = 16;

describe('a route that sheds load', () => {
  let server: FastifyInstance;
  let base: string;
  /** Ends a request that is in its handler. */
  let held: (() => void)[];
  let parsed: number;

  beforeEach(async () => {
    held = [];
    parsed = 0;
    server = fastify();
    const overload = new Overload(MOST);
    server.addHook('onRoute', (route) => overload.shed(route));
    server.addHook('preHandler', (_request, _reply, done) => {
      parsed += 1;
      done();
    });
    server.post('/', () => new Promise<object>((resolve) => held.push(() => resolve({}))));
    base = await server.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    for (const end of held) end();
    await server.close();
  });

  const post = (headers: Record<string, string> = {}) =>
    fetch(base, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });

  async function fill(count = MOST, headers: Record<string, string> = {}): Promise<{ served: Promise<Response>[] }> {
    const before = held.length;
    const served = Array.from({ length: count }, () => post(headers));
    await eventually(() => held.length === before + count, 5_000, 'requests in their handlers');
    return { served };
  }

  it('refuses what comes beyond, unread, and says when to come again', async () => {
    await fill();
    const refused = await post();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });
    expect(parsed).toBe(MOST);
  });

  it('counts one with an Idempotency-Key for eight', async () => {
    await fill(2, { 'idempotency-key': 'x' });
    expect((await post()).status).toBe(503);
  });

  it('serves again as soon as one has ended', async () => {
    const { served } = await fill();
    held[0]();
    expect((await Promise.race(served)).status).toBe(200);
    const next = post();
    await eventually(() => held.length === MOST + 1, 5_000, 'the next one in its handler');
    held[MOST]();
    expect((await next).status).toBe(200);
  });

  it('forgets those whose client has left', async () => {
    const call = httpRequest(base, { method: 'POST', headers: { 'content-type': 'application/json' } });
    call.on('error', () => undefined);
    call.end('{}');
    await eventually(() => held.length === 1, 5_000, 'a request in its handler');
    call.destroy();
    held[0]();
    await fill();
  });
});
