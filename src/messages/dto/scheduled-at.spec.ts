import { describe, expect, it } from 'vitest';
import { MAX_AHEAD_MS, MAX_PAST_MS, parseScheduledAt } from './scheduled-at.js';

const NOW = Date.parse('2026-03-01T00:00:00Z');

function parse(text: string, timezone = 'UTC', now = NOW) {
  const result = parseScheduledAt(text, timezone, now);
  return result instanceof Date ? result.toISOString() : result.code;
}

describe('parseScheduledAt', () => {
  it.each([
    ['2026-03-02T10:00:00Z', '2026-03-02T10:00:00.000Z'],
    ['2026-03-02t10:00z', '2026-03-02T10:00:00.000Z'],
    ['2026-03-02T10:00:00.123456789Z', '2026-03-02T10:00:00.123Z'],
    ['2026-03-02T10:00:00,5Z', '2026-03-02T10:00:00.500Z'],
    ['2026-03-02T10:00:00+14:00', '2026-03-01T20:00:00.000Z'],
    ['2026-03-02T10:00:00-0330', '2026-03-02T13:30:00.000Z'],
    ['2026-03-02T10:00-05', '2026-03-02T15:00:00.000Z'],
    ['2026-03-02T10:00', '2026-03-02T10:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(parse(text)).toBe(instant);
  });

  it.each([
    '',
    'tomorrow',
    '2026-03-02',
    '2026-03-02 10:00:00Z',
    '2026-02-30T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-03-02T24:00:00Z',
    '2026-03-02T10:60:00Z',
    '2026-12-31T23:59:60Z',
    '2026-03-02T10:00:00+15:00',
    '2026-03-02T10:00:00+0',
    '2026-03-02T10:00:00[Europe/Berlin]',
    '+99999-01-01T00:00:00Z',
    '1772445600',
    '2026-03-02T10:00:00Z\n',
    `2026-03-02T10:00:00.${'1'.repeat(100_000)}Z`,
  ])('refuses %.40s', (text) => {
    expect(parse(text)).toBe('invalid_datetime');
  });

  it('reads a local time in the zone it is given', () => {
    expect(parse('2026-03-10T10:00:00', 'Europe/Berlin')).toBe('2026-03-10T09:00:00.000Z');
    expect(parse('2026-07-10T10:00:00', 'Europe/Berlin')).toBe('2026-07-10T08:00:00.000Z');
    expect(parse('2026-07-10T10:00:00', 'Asia/Kathmandu')).toBe('2026-07-10T04:15:00.000Z');
  });

  it('refuses a local time that the clock skips', () => {
    expect(parse('2026-03-29T01:59:59', 'Europe/Berlin')).toBe('2026-03-29T00:59:59.000Z');
    expect(parse('2026-03-29T02:00:00', 'Europe/Berlin')).toBe('invalid_datetime');
    expect(parse('2026-03-29T02:30:00', 'Europe/Berlin')).toBe('invalid_datetime');
    expect(parse('2026-03-29T03:00:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(parse('2026-03-29T02:30:00+01:00', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  });

  it('takes the earlier of two where the clock goes back', () => {
    expect(parse('2026-10-25T02:30:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(parse('2026-11-01T01:30:00', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z');
  });

  it('draws the line at one hour past and 365 days ahead', () => {
    const at = (offset: number) => parse(new Date(NOW + offset).toISOString());
    expect(at(-MAX_PAST_MS)).toMatch(/Z$/);
    expect(at(-MAX_PAST_MS - 1)).toBe('too_past');
    expect(at(MAX_AHEAD_MS)).toMatch(/Z$/);
    expect(at(MAX_AHEAD_MS + 1)).toBe('too_far');
  });
});
