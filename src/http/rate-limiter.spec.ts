import { beforeEach, describe, expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

describe('RateLimiter', () => {
  let nowMs: number;
  let limiter: RateLimiter;

  beforeEach(() => {
    nowMs = 0;
    limiter = new RateLimiter(2, () => nowMs);
  });

  function takeAll(client: string): number {
    let taken = 0;
    while (limiter.take(client).isAllowed) taken++;
    return taken;
  }

  it('allows ten seconds of its rate at once, then its rate', () => {
    expect(takeAll('a')).toBe(20);
    nowMs = 1_000;
    expect(takeAll('a')).toBe(2);
    nowMs = 3_600_000;
    expect(takeAll('a')).toBe(20);
  });

  it('gives each client its own', () => {
    takeAll('a');
    expect(limiter.take('b')).toMatchObject({ isAllowed: true, limit: 20, remaining: 19 });
  });

  it('says when there is more', () => {
    takeAll('a');
    nowMs = 100;
    expect(limiter.take('a')).toEqual({
      isAllowed: false,
      limit: 20,
      remaining: 0,
      resetSeconds: 10,
      retryAfterSeconds: 1,
    });
  });

  it('takes nothing by looking', () => {
    expect(limiter.look('a').remaining).toBe(20);
    expect(takeAll('a')).toBe(20);
    expect(limiter.look('a').isAllowed).toBe(false);
  });

  it('remembers at most 20,000 clients, and forgets who was quiet the longest', () => {
    takeAll('first');
    takeAll('second');
    for (let i = 0; i < 19_999; i++) limiter.take(`client ${i}`);
    expect(limiter.look('second').isAllowed).toBe(false);
    expect(limiter.look('first').isAllowed).toBe(true);
  });
});
