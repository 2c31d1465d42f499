import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { KEY, Probe } from '../../test/support/probe.js';

const HEAD = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\n`;

describe('connections', () => {
  let probe: Probe;
  afterEach(() => probe.close());

  it('have limits in time that Fastify would have switched off', async () => {
    probe = await Probe.start();
    const server = probe.app.getHttpServer() as import('node:http').Server;
    expect(server.requestTimeout).toBeLessThanOrEqual(60_000);
    expect(server.requestTimeout).toBeGreaterThan(0);
    expect(server.headersTimeout).toBeLessThanOrEqual(15_000);
    // Longer than load balancers and clients keep an idle one: they would send a request into its end.
    expect(server.keepAliveTimeout).toBeGreaterThan(65_000);
  });

  it('that trickle are answered 408, in their headers or in their body', async () => {
    probe = await Probe.start();
    const server = probe.app.getHttpServer() as import('node:http').Server;
    server.headersTimeout = 200;
    server.requestTimeout = 300;
    const answers = await Promise.all([probe.raw('GET / HTT'), probe.raw(`${HEAD}content-length: 100\r\n\r\n{`)]);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 408[^]*"code":"request_timeout"/);
  });

  it('of a client that reads only after writing bring the refusal, and end', async () => {
    probe = await Probe.start();
    const socket = connect(Number(new URL(probe.base).port), '127.0.0.1').pause();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const bytes = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n' + 'x'.repeat(5_000_000);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString())).resume();
    await closed;
    expect(answer).toMatch(/^HTTP\/1.1 401[^]*"code":"unauthorized"/);
  });

  it('do not hold up a shutdown: the answer in flight arrives and closes its connection', async () => {
    probe = await Probe.start();
    const { port } = new URL(probe.base);
    const body = JSON.stringify({ messages: [{ emails: ['a@b.cd'], subject: 'x', content: 'y' }] });
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    // Half of the body: the request is in flight when the shutdown begins.
    socket.write(`${HEAD}connection: keep-alive\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    while (probe.app.getHttpServer().listening && (await connectionsOf(probe)) === 0) await new Promise(setImmediate);
    const start = performance.now();
    const shutdown = probe.close();
    socket.write(body.slice(10));
    await Promise.all([shutdown, closed]);
    expect(answer).toMatch(/^HTTP\/1.1 200/);
    expect(answer).toMatch(/connection: close/i);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('that rest do not hold up a shutdown, and are closed', async () => {
    probe = await Probe.start();
    const socket = connect(Number(new URL(probe.base).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const start = performance.now();
    await Promise.all([probe.close(), closed]);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

function connectionsOf(probe: Probe): Promise<number> {
  return new Promise((resolve) => {
    (probe.app.getHttpServer() as import('node:http').Server).getConnections((_error, count) => resolve(count));
  });
}
