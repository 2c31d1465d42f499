import { describe, expect, it } from 'vitest';
import { NO_RECIPIENT, readRecipients } from './recipients.js';

describe('readRecipients', () => {
  it('merges by domain without case and by exact local part', () => {
    const { addresses, positions, duplicates } = readRecipients(['a@B.cd', 'A@b.cd', 'a@b.CD', ' a@b.cd'], '');
    expect(addresses).toEqual(['a@b.cd', 'A@b.cd']);
    expect([...positions]).toEqual([0, 1, 0, 0]);
    expect(duplicates).toBe(2);
  });

  it('merges the two spellings of an international domain', () => {
    expect(readRecipients(['a@münchen.de', { email: 'a@xn--mnchen-3ya.de' }], '').addresses).toHaveLength(1);
  });

  it('keeps the place of what it refuses, and counts it as no duplicate', () => {
    const { addresses, positions, rejected, duplicates } = readRecipients(
      ['x', 'a@b.cd', null, { emial: 'a@b.cd' }],
      '/emails',
    );
    expect(addresses).toEqual(['a@b.cd']);
    expect([...positions]).toEqual([NO_RECIPIENT, 0, NO_RECIPIENT, NO_RECIPIENT]);
    expect(rejected.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/emails/0', 'invalid_email'],
      ['/emails/2', 'invalid_type'],
      ['/emails/3', 'unknown_field'],
    ]);
    expect(duplicates).toBe(0);
  });
});
