import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.js';

const options = { baseMs: 1_000, capMs: 600_000 };

describe('backoffMs', () => {
  it('doubles its ceiling with each attempt, up to the cap', () => {
    const ceilings = [1, 2, 3, 9, 10, 11, 5_000].map((attempt) => backoffMs(attempt, options, () => 1));
    expect(ceilings).toEqual([2_000, 4_000, 8_000, 512_000, 600_000, 600_000, 600_000]);
  });

  it('stays between base and cap for every attempt and every random number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const ms = backoffMs(attempt, options, () => random);
        expect(ms).toBeGreaterThanOrEqual(options.baseMs);
        expect(ms).toBeLessThanOrEqual(options.capMs);
        expect(Number.isInteger(ms)).toBe(true);
      }),
    );
  });

  it('uses the whole range below the ceiling', () => {
    expect(backoffMs(20, options, () => 0)).toBe(1_000);
    expect(backoffMs(20, options, () => 0.5)).toBe(300_500);
  });
});
