import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';

describe('a shutdown', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });

  afterAll(() => stack.stop());

  it.each(['SIGTERM', 'SIGINT'] as const)('at %s ends gateway and sender with 0, soon', async (signal) => {
    const gateway = await stack.gateway();
    const sender = await stack.sender();
    const startedAt = Date.now();
    gateway.signal(signal);
    sender.signal(signal);
    expect((await gateway.exited).code).toBe(0);
    expect((await sender.exited).code).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });
});
