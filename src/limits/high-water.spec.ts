import { expect, it } from 'vitest';
import { highWaterOf } from './high-water.js';
import { holdUpOf, holdUpText } from './hold-up.js';
import type { LimitsStatus } from './limits.repository.js';

const FREE: LimitsStatus = {
  rate: null,
  leftToday: null,
  quota: null,
  isSendingEnabled: true,
  quotaReturnsAt: null,
  pausedUntil: null,
  pauseReason: null,
};

it.each<[string, Partial<LimitsStatus>, number]>([
  ['no rate is known', {}, 1_000],
  ['two seconds of the rate', { rate: 200 }, 400],
  ['no more than was configured', { rate: 5_000 }, 1_000],
  ['a few at the slowest rates', { rate: 1 }, 4],
  ['what the quota covers', { rate: 200, quota: 1_000, leftToday: 30 }, 30],
  ['nothing when it is spent', { rate: 200, quota: 1_000, leftToday: 0 }, 0],
  ['nothing of an account that may not send', { rate: 200, isSendingEnabled: false }, 0],
])('the stream holds: %s', (_what, status, expected) => {
  expect(highWaterOf({ ...FREE, ...status }, 1_000)).toBe(expected);
});

it('says why nothing is sent, and until when if that is known', () => {
  const until = new Date('2030-01-01T00:00:00Z');
  expect(holdUpOf(FREE)).toBeNull();
  const spent = holdUpOf({ ...FREE, quota: 200, leftToday: 0, quotaReturnsAt: until })!;
  expect(holdUpText(spent)).toBe('the quota of 200 emails in 24 hours is spent; until 2030-01-01T00:00:00.000Z');
  const closed = holdUpOf({ ...FREE, isSendingEnabled: false })!;
  expect(holdUpText(closed)).toBe('the provider does not let this account send; asked again every half minute');
  expect(holdUpOf({ ...FREE, pauseReason: 'refused', pausedUntil: until })).toEqual({
    reason: 'the provider cannot be used: refused',
    until,
  });
});
