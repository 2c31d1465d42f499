import { describe, expect, it } from 'vitest';
import { addressesAndDomains } from '../config/readers.js';
import { AllowedRecipients } from './allowed-recipients.js';

describe('AllowedRecipients', () => {
  it('lets everybody through without a list', () => {
    expect(new AllowedRecipients([]).has('ada@example.com')).toBe(true);
  });

  it.each([
    ['ada@example.com', true],
    ['bob@example.com', false],
    ['anybody@example.org', true],
    ['anybody@sub.example.org', false],
    ['anybody@notexample.org', false],
    ['example.org@example.com', false],
    ['grace@xn--bcher-kva.example', true],
    ['anybody@staging.test', true],
  ])('asked for %s says %s', (address, isAllowed) => {
    const list = addressesAndDomains('Ada@Example.com, example.ORG,@staging.test , bücher.example');
    expect(new AllowedRecipients(list).has(address)).toBe(isAllowed);
  });

  it.each(['example', 'a b@example.com', '*.example.com', 'example.com;example.org', '@', ',', ' , '])(
    'is not made of "%s", which would match nobody or everybody',
    (text) => {
      expect(() => addressesAndDomains(text)).toThrow('must');
    },
  );
});
