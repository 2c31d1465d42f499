import { checkSync } from 'recheck';
import { describe, expect, it } from 'vitest';
import { findRegExps } from '../support/regexps.js';

const TIMEOUT_MS = 20_000;

/** Why one of them is not linear: empty for all that are. */
function fault(source: string, flags: string): string {
  const result = checkSync(source, flags, { timeout: TIMEOUT_MS });
  if (result.status === 'safe') return '';
  const why =
    result.status === 'vulnerable' ? `${result.complexity.summary}, on ${result.attack.pattern}` : result.error.kind;
  return `${result.status}: ${why}`;
}

describe('our regular expressions', () => {
  it('are searched in time linear to what they are searched in', () => {
    const found = findRegExps('src');
    expect(found.length).toBeGreaterThan(100);
    const faults = found.map(({ place, source, flags }) => [place, source, fault(source, flags)]);
    expect(faults.filter(([, , why]) => why !== '')).toEqual([]);
  }, 180_000);

  it.each([
    ['^(a+)+$', /^vulnerable: exponential/],
    ['^[\\t ]+|[\\t ]+$', /^vulnerable: 2nd degree polynomial/],
    ['^a+b$', /^$/],
  ])('would be found out: %s', (source, expected) => {
    expect(fault(source, '')).toMatch(expected);
  });
});
