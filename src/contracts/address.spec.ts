import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from './address.js';

const LONG_DOMAIN = `${'d'.repeat(63)}.${'e'.repeat(63)}.com`;

describe('parseAddress', () => {
  it.each([
    ['a@b.cd', 'a@b.cd'],
    ['  a@b.cd ', 'a@b.cd'],
    ['First.Last+tag@Example.COM', 'First.Last+tag@example.com'],
    ["!#$%&'*+/=?^_`{|}~-@b.cd", "!#$%&'*+/=?^_`{|}~-@b.cd"],
    ['a@1.b2', 'a@1.b2'],
    ['a@xn--mnchen-3ya.de', 'a@xn--mnchen-3ya.de'],
    ['a@münchen.de', 'a@xn--mnchen-3ya.de'],
    ['a@MÜNCHEN.DE', 'a@xn--mnchen-3ya.de'],
    ['a@例え.テスト', 'a@xn--r8jz45g.xn--zckzah'],
    [`${'l'.repeat(64)}@${LONG_DOMAIN}`, `${'l'.repeat(64)}@${LONG_DOMAIN}`],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual({ address });
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['a', 'no_at'],
    ['@b.c', 'local_part'],
    ['a@', 'domain'],
    ['a@@b.c', 'domain'],
    ['a@b', 'domain'],
    ['a b@c.de', 'local_part'],
    ['a@b..cd', 'domain'],
    ['a@.b.cd', 'domain'],
    ['a@b.cd.', 'domain'],
    ['.a@b.cd', 'local_part'],
    ['a..b@c.de', 'local_part'],
    ['a.@c.de', 'local_part'],
    ['a@-b.cd', 'domain'],
    ['a@b-.cd', 'domain'],
    ['a@b.c_d', 'domain'],
    ['a@b.cd%0a', 'domain'],
    ['a@127.0.0.1', 'domain'],
    ['a@１２７.0.0.1', 'domain'],
    ['a@[127.0.0.1]', 'domain'],
    ['"a b"@c.de', 'local_part'],
    ['a(x)@c.de', 'local_part'],
    ['A <a@b.cd>', 'local_part'],
    ['a@b.cd,c@d.ef', 'domain'],
    ['ü@b.cd', 'local_part'],
    ['a@b.cd\r\nBcc: x@y.zz', 'domain'],
    ['a@b.cd\n', 'domain'],
    ['\ta@b.cd', 'local_part'],
    ['a\t@b.cd', 'local_part'],
    ['a\0@b.cd', 'local_part'],
    ['a@b\u202e.cd', 'domain'],
    ['a@b\u200b.cd', 'domain'],
    ['a@b\u00ad.cd', 'domain'],
    ['a@b\u3002cd', 'domain'],
    ['a@ü%2ecd', 'domain'],
    ['a@ü/.cd', 'domain'],
    ['a@\ud800.cd', 'domain'],
    [`${'l'.repeat(65)}@b.cd`, 'local_part'],
    [`a@${'d'.repeat(64)}.cd`, 'domain'],
    [`a@${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(63)}.${'g'.repeat(61)}`, 'too_long'],
    [`a@${'ü.'.repeat(100)}de`, 'too_long'],
    ['a'.repeat(50_000), 'too_long'],
  ])('refuses %j', (text, fault) => {
    expect(parseAddress(text)).toEqual({ fault });
  });

  it('gives back only what it would read again, printable and without a space', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', '1', '.', '-', '@', ' ', '\n', 'ü', '\u202e', '%', '+'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.oneof(text, fc.emailAddress()), (given) => {
        const { address } = parseAddress(given);
        if (address === undefined) return;
        expect(address).toMatch(/^[!-~]+$/);
        expect(parseAddress(address)).toEqual({ address });
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes no longer for what is built to make matching slow', () => {
    const hostile = [
      `${'a.'.repeat(30)}@`,
      `a@${'a-'.repeat(120)}`,
      `a@${'a.'.repeat(120)}1`,
      `${'a'.repeat(64)}@${'b-b.'.repeat(40)}!`,
    ];
    const start = performance.now();
    for (let i = 0; i < 1_000; i++) for (const text of hostile) parseAddress(text);
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});
