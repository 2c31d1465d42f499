import { expect } from 'vitest';
import { percentile } from '../../bench/statistics.js';
import type { Gateway, Stack } from './stack.js';

const SUBMISSIONS = 300;

/** The 99th percentile of submissions one after the other, in ms. */
export async function submissionsP99(stack: Stack, gateway: Gateway): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < SUBMISSIONS; i++) {
    const startMs = performance.now();
    const message = { emails: [`quick${i}@example.com`], subject: 'x', content: '<p>x</p>' };
    const response = await stack.post(gateway, { messages: [message] });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    times.push(performance.now() - startMs);
  }
  return percentile(times, 99);
}

/** Twice as long, or what a pause of the garbage collector takes, which is a part of both. */
export function hardlyAbove(aloneMs: number): number {
  return Math.max(2 * aloneMs, aloneMs + 20);
}
