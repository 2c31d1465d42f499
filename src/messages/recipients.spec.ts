import { describe, expect, it } from 'vitest';
import { NO_RECIPIENT, readRecipients, reject } from './recipients.js';

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

  it('keeps the variables of each, which two of the same address must share', () => {
    const elements = [
      'x@y.zz',
      { email: 'a@b.cd', variables: { a: 'x', b: 1 } },
      { email: 'a@b.cd', variables: { b: '1', a: 'x' } },
      { email: 'a@b.cd', variables: { a: 'x' } },
      'a@b.cd',
      { email: 'x@y.zz', variables: {} },
    ];
    const { variables, positions, rejected, duplicates } = readRecipients(elements, '/emails');
    expect(variables).toEqual([null, { a: 'x', b: '1' }]);
    expect([...positions]).toEqual([0, 1, 1, NO_RECIPIENT, NO_RECIPIENT, 0]);
    expect(rejected.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/emails/3', 'conflicting_duplicate'],
      ['/emails/4', 'conflicting_duplicate'],
    ]);
    expect(duplicates).toBe(2);
    expect(readRecipients(['a@b.cd'], '').variables).toBeNull();
  });
});

describe('reject', () => {
  it('takes an address out wherever it stood, and keeps the order of what is rejected', () => {
    const elements = [
      { email: 'a@b.cd', variables: { a: '1' }, track_opens: true },
      'nobody',
      'x@y.zz',
      { email: 'c@b.cd', variables: { a: '3' }, track_clicks: true },
      'x@y.zz',
    ];
    const fault = { code: 'missing_variable', detail: 'x' };
    const left = reject(readRecipients(elements, '/emails'), new Map([[1, fault]]), '/emails');
    expect(left.addresses).toEqual(['a@b.cd', 'c@b.cd']);
    expect([...left.positions]).toEqual([0, NO_RECIPIENT, NO_RECIPIENT, 1, NO_RECIPIENT]);
    expect(left.rejected.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/emails/1', 'invalid_email'],
      ['/emails/2', 'missing_variable'],
      ['/emails/4', 'missing_variable'],
    ]);
    expect(left.variables).toEqual([{ a: '1' }, { a: '3' }]);
    expect([...left.tracking!]).toEqual([0b10001, 0b100010]);
    expect(left.duplicates).toBe(0);
  });
});
