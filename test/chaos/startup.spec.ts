import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Child, freePort } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { mismatches, readDocument } from '../support/openapi.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';
import { TcpGate } from '../support/tcp-gate.js';

const GATEWAY = 'dist/src/main.js';
const SENDER = 'dist/src/sender/main.js';

interface Health {
  status: string;
  details: Record<'postgres' | 'jetstream', { status: string }>;
}

function aMessage(to: string) {
  return { messages: [{ topic_id: 'startup', emails: [to], subject: 'Hello', content: '<p>x</p>' }] };
}

describe('a faulty environment', () => {
  const common = {
    DATABASE_URL: 'mysql://localhost/messages',
    LOG_LEVEL: 'loud',
    DB_MAX_CONNECTIONS: '-1',
    METRICS_PORT: '70000',
  };

  it.concurrent.each([
    [GATEWAY, 'gateway', { ...common, API_KEY: 'short', SCHEDULER_INTERVAL: '0', NATS_PAYLOAD_FORMAT: 'xml' }],
    [SENDER, 'sender', { ...common, SENDER_TRANSPORT: '', SENDER_CONCURRENCY: 'many', NATS_URL: 'http://x' }],
  ])('ends %s within 5 s, with all faults at once', async (script, _name, env: Record<string, string>) => {
    const startedMs = performance.now();
    // Where no .env lies that could fill in what is missing.
    const child = new Child(resolve(script), env, { cwd: tmpdir() });
    const { code } = await child.exited;
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(code, child.output).toBe(1);
    const [heading, ...faults] = child.output.trimEnd().split('\n');
    expect(heading).toBe(`The environment has ${Object.keys(env).length} faults:`);
    expect(faults.map((line) => /^ {2}- (\w+)/.exec(line)?.[1]).sort()).toEqual(Object.keys(env).sort());
    if (script === SENDER) expect(child.output).toMatch(/SENDER_TRANSPORT\b.*smtp.*ses.*log/);
  });
});

describe('startup', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

  async function submit(gateway: Gateway, to: string): Promise<string> {
    const response = await stack.post(gateway, aMessage(to));
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids[0];
  }

  function untilState(gateway: Gateway, emailId: string, state: string): Promise<boolean> {
    return eventually(
      async () => (await stack.get<{ state: string }>(gateway, `/v1/emails/${emailId}`)).state === state,
      10_000,
      `the state ${state}`,
    );
  }

  function untilHealth(gateway: Gateway, status: string): Promise<boolean> {
    return eventually(
      async () => (await stack.get<Health>(gateway, '/health')).status === status,
      10_000,
      `the health ${status}`,
    );
  }

  it.each([
    [GATEWAY, 'SERVER_PORT', 'METRICS_PORT'],
    [SENDER, 'METRICS_PORT', 'SERVER_PORT'],
  ])('of %s fails loudly when its port is taken', async (script, variable, other) => {
    const occupant = createServer().listen(0, '0.0.0.0');
    await once(occupant, 'listening');
    onTestFinished(() => void occupant.close());
    const { port } = occupant.address() as { port: number };
    const child = stack.spawn(script, { ...stack.env, [variable]: String(port), [other]: String(await freePort()) });
    expect((await child.exited).code).toBe(1);
    expect(child.output).toContain('EADDRINUSE');
  });

  /** A 503 of the health routes is a problem with details; Terminus documents another. */
  async function expectDescribed(gateway: Gateway, path: string): Promise<void> {
    const document = await readDocument(gateway.url);
    const response = await fetch(gateway.url + path);
    const [mediaType] = (response.headers.get('content-type') ?? '').split(';');
    const schema = document.paths[path].get.responses[response.status]?.content?.[mediaType]?.schema;
    expect(schema, `${response.status} as ${mediaType}`).toBeDefined();
    expect(mismatches(document, schema ?? {}, await response.json())).toEqual([]);
  }

  it('needs no PostgreSQL; the gateway is ready within 5 s after one appears, also for the second time', async () => {
    const gate = await TcpGate.before(stack.databaseUrl);
    onTestFinished(() => gate.close());
    const gateway = await stack.spawnGateway({ DATABASE_URL: gate.url });
    await gateway.answers(`${gateway.url}/health/live`);

    const expectAway = async () => {
      expect(await statusOf(`${gateway.url}/health/live`)).toBe(200);
      expect(await statusOf(`${gateway.url}/health/ready`)).toBe(503);
      const refused = await stack.post(gateway, aMessage('lost@example.com'));
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      await expectProblem(refused, 503, 'database_unavailable');
      const read = await fetch(`${gateway.url}/v1/topics/startup`, { headers: { 'x-api-key': API_KEY } });
      await expectProblem(read, 503, 'database_unavailable');
    };
    await expectAway();
    await expectDescribed(gateway, '/health/ready');
    // Probes come every few seconds, and the database module says it already.
    expect(gateway.output).not.toContain('Service Unavailable');
    // The worst moment to appear: when the pauses between tries have grown to their longest.
    await eventually(
      () => {
        const [last, beforeLast] = [...gateway.output.matchAll(/next try in (\d+) ms/g)].map(([, ms]) => ms).reverse();
        return last !== undefined && last === beforeLast;
      },
      15_000,
      'the longest pause between tries',
    );

    await gate.open();
    await gateway.answers(`${gateway.url}/health/ready`, 200, 5_000);
    await untilState(gateway, await submit(gateway, 'first@example.com'), 'dispatched');

    await gate.close();
    await gateway.answers(`${gateway.url}/health/ready`, 503, 5_000);
    await expectAway();

    await gate.open();
    await gateway.answers(`${gateway.url}/health/ready`, 200, 5_000);
    await untilState(gateway, await submit(gateway, 'second@example.com'), 'dispatched');
    expect(await stack.query(`SELECT id FROM emails WHERE address = 'lost@example.com'`)).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  });

  it('needs no NATS; mail is held while it is away, and leaves by itself when it is back', async () => {
    const nats = await NatsServer.create();
    onTestFinished(() => nats.remove());
    const env = { NATS_URL: nats.url };
    const [gateway, sender] = await Promise.all([stack.gateway(env), stack.sender(env)]);
    expect(await stack.get<Health>(gateway, '/health/ready')).toMatchObject({
      status: 'degraded',
      details: { postgres: { status: 'up' }, jetstream: { status: 'degraded' } },
    });
    const early = await submit(gateway, 'before-nats@example.com');
    await untilState(gateway, early, 'pending');

    await nats.start();
    await stack.sink.waitFor(({ to }) => to[0] === 'before-nats@example.com', 10_000);
    await untilState(gateway, early, 'sent');
    await untilHealth(gateway, 'ok');

    await nats.stop();
    await untilHealth(gateway, 'degraded');
    expect(await statusOf(`${gateway.url}/health/ready`)).toBe(200);
    const held = await submit(gateway, 'while-away@example.com');
    await untilState(gateway, held, 'pending');

    await nats.start();
    await stack.sink.waitFor(({ to }) => to[0] === 'while-away@example.com', 10_000);
    await untilState(gateway, held, 'sent');
    expect(stack.sink.mails.filter(({ to }) => to[0] === 'before-nats@example.com')).toHaveLength(1);

    await nats.stop();
    expect(await Promise.all([gateway.stop(), sender.stop()])).toEqual([0, 0]);
  });

  it('of a sender beside another kind of sender says once whose the stream is, and sends when it is free', async () => {
    const stream = 'startup-owned';
    const env = { NATS_STREAM: stream, NATS_SUBJECT: `${stream}.email` };
    const gateway = await stack.gateway(env);
    await untilHealth(gateway, 'ok');
    const manager = await stack.nats.jetstreamManager();
    await manager.consumers.add(stream, { durable_name: 'theirs', ack_policy: AckPolicy.Explicit });
    const port = await freePort();
    const sender = stack.spawn(SENDER, { ...stack.env, ...env, METRICS_PORT: String(port) });
    await sender.answers(`http://127.0.0.1:${port}/health/ready`);
    const id = await submit(gateway, 'owned@example.com');
    await untilState(gateway, id, 'dispatched');
    const health = async () => (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as Health;
    await eventually(async () => (await health()).status === 'degraded', 10_000, 'the fault in health');
    expect(JSON.stringify(await health())).toContain('belongs to the consumer theirs');
    await sleep(1_500);
    expect(sender.output.match(/belongs to the consumer theirs/g)).toHaveLength(1);
    await manager.consumers.delete(stream, 'theirs');
    await untilState(gateway, id, 'sent');
    expect((await health()).status).toBe('ok');
    await Promise.all([gateway.stop(), sender.stop()]);
    await manager.streams.delete(stream);
  });
});
