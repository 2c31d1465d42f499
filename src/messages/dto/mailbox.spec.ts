import fc from 'fast-check';
import addressparser from 'nodemailer/lib/addressparser';
import { describe, expect, it } from 'vitest';
import { Refused, type ParseContext } from '../../http/parsed.decorator.js';
import { addressIn, parseMailbox } from './mailbox.js';

const context: ParseContext = { pointer: '', lenient: false, defaultTimezone: 'UTC', now: 0 };

describe('a mailbox', () => {
  it.each([
    ['a@b.cd', 'a@b.cd'],
    ['<a@b.cd>', 'a@b.cd'],
    ['Ada Lovelace <a@B.cd>', 'Ada Lovelace <a@b.cd>'],
    ['"Ada" <a@b.cd>', 'Ada <a@b.cd>'],
    ['Acme Inc. <a@b.cd>', '"Acme Inc." <a@b.cd>'],
    ['x@y.zz <a@b.cd>', '"x@y.zz" <a@b.cd>'],
    ['Team: (we) <a@b.cd>', '"Team: (we)" <a@b.cd>'],
    ["O'Neill 🎉 <a@b.cd>", "O'Neill 🎉 <a@b.cd>"],
  ])('%s is stored as %s', (given, stored) => {
    expect(parseMailbox(given, context)).toBe(stored);
    expect(addressIn(stored)).toBe('a@b.cd');
  });

  it('is one mailbox with that address to another reader too, whatever is given', () => {
    const part = fc.oneof(
      fc.constantFrom('<', '>', '"', ',', ';', ':', '(', ')', '\\', '@', ' ', 'x@y.zz', '<x@y.zz>', '=?utf-8?Q?x?='),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const stored = parseMailbox(`${parts.join('')} <a@b.cd>`, context);
        if (stored instanceof Refused || stored === null) return;
        const read = addressparser(stored);
        expect(read).toMatchObject([{ address: 'a@b.cd' }]);
      }),
      { numRuns: 2_000 },
    );
  });
});
