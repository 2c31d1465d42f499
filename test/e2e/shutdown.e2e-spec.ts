import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Stack } from '../support/stack.js';

describe('a shutdown', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('at %s ends gateway and sender with 0, soon', async (signal) => {
    const [gateway, sender] = await Promise.all([stack.gateway(), stack.sender()]);
    const startedAt = Date.now();
    gateway.signal(signal);
    sender.signal(signal);
    expect((await gateway.exited).code).toBe(0);
    expect((await sender.exited).code).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  it('of the gateway serves on until load balancers have heard of it', async () => {
    const gateway = await stack.gateway({ SHUTDOWN_DELAY: '2' });
    const startedMs = performance.now();
    gateway.signal('SIGTERM');
    await eventually(
      async () => (await fetch(`${gateway.url}/health/live`)).headers.get('connection') === 'close',
      1_000,
      'answers that close their connection',
    );
    const late = { messages: [{ emails: ['late@example.com'], subject: 'Hello', content: '<p>x</p>' }] };
    expect((await stack.post(gateway, late)).status).toBe(200);
    expect((await gateway.exited).code).toBe(0);
    expect(performance.now() - startedMs).toBeGreaterThan(1_900);
  });

  it('of the gateway waits for the request in hand', async () => {
    const gateway = await stack.gateway();
    const holder = await stack.pool.connect();
    let answer: Promise<Response>;
    let startedMs: number;
    try {
      await holder.query('BEGIN; LOCK TABLE messages IN SHARE MODE');
      answer = stack.post(gateway, {
        messages: [{ emails: ['in-hand@example.com'], subject: 'Hello', content: '<p>x</p>' }],
      });
      await eventually(
        async () => {
          const waiting = await stack.query(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          return waiting.length > 0;
        },
        3_000,
        'the request in the database',
      );
      startedMs = performance.now();
      gateway.signal('SIGTERM');
      await eventually(
        () =>
          fetch(`${gateway.url}/health/live`).then(
            () => false,
            () => true,
          ),
        2_000,
        'the end of listening',
      );
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const response = await answer;
    expect(response.status).toBe(200);
    expect((await response.json()) as object).toMatchObject({ count: 1 });
    expect((await gateway.exited).code).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
