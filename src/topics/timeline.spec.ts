import { expect, it } from 'vitest';
import { momentsOf, periodOf } from './timeline.js';

const NOW = Date.parse('2030-03-31T12:34:56Z');

it.each([
  ['minute', '2030-03-31T11:35:00.000Z', '2030-03-31T12:35:00.000Z', 60],
  ['hour', '2030-03-30T13:00:00.000Z', '2030-03-31T13:00:00.000Z', 24],
  ['day', '2030-03-02T00:00:00.000Z', '2030-04-01T00:00:00.000Z', 30],
] as const)('a timeline by %s shows the last ones, the current one among them', (interval, from, to, count) => {
  const period = periodOf(interval, null, null, NOW);
  expect([period.from.toISOString(), period.to.toISOString()]).toEqual([from, to]);
  const moments = momentsOf(period);
  expect(moments).toHaveLength(count);
  expect(moments[0]).toEqual(period.from);
});

it('a timeline holds both moments that were asked for', () => {
  const moment = new Date('2030-01-01T10:59:59.999Z');
  expect(periodOf('hour', moment, moment, NOW)).toEqual({
    interval: 'hour',
    from: new Date('2030-01-01T10:00:00Z'),
    to: new Date('2030-01-01T11:00:00Z'),
  });
});

it('a timeline of more than 2,000 buckets, or of none, is refused', () => {
  const minutesBefore = (minutes: number) => new Date(NOW - minutes * 60_000);
  expect(momentsOf(periodOf('minute', minutesBefore(1_999), null, NOW))).toHaveLength(2_000);
  expect(() => periodOf('minute', minutesBefore(2_000), null, NOW)).toThrow(/2001 buckets/);
  expect(() => periodOf('minute', new Date(NOW + 120_000), null, NOW)).toThrow(/later/);
});

it.each([
  ['hour', '0000-12-31T23:00:00Z', '0001-01-01T01:00:00Z'],
  ['minute', '9999-12-31T23:59:00Z', '9999-12-31T23:59:30Z'],
  ['day', null, '+010000-01-01T00:00:00Z'],
] as const)('a timeline by %s beyond the calendar is refused', (interval, from, to) => {
  expect(() => periodOf(interval, from && new Date(from), new Date(to), NOW)).toThrow(/years 1 to 9999/);
});
