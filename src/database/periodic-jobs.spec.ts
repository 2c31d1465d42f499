import { describe, expect, it } from 'vitest';
import { cronExpression } from './periodic-jobs.js';

describe('cronExpression', () => {
  it.each([
    [1, '*/1 * * * * *'],
    [30, '*/30 * * * * *'],
    [60, '0 */1 * * * *'],
    [900, '0 */15 * * * *'],
    [3600, '0 0 * * * *'],
  ])('fires every %d seconds by %s', (seconds, expression) => {
    expect(cronExpression(seconds)).toBe(expression);
  });

  it.each([7, 45, 90, 61, 420, 5400, 7200, 100_000])('leaves %d seconds to an interval', (seconds) => {
    expect(cronExpression(seconds)).toBeNull();
  });
});
