import { describe, expect, it } from 'vitest';
import { mailboxText, parseMailbox } from './mailbox.js';

describe('a mailbox', () => {
  it.each([
    ['a@example.com', '', 'a@example.com'],
    ['Ada Lovelace <a@example.com>', 'Ada Lovelace', 'Ada Lovelace <a@example.com>'],
    ['Ada<a@example.com>', 'Ada', 'Ada <a@example.com>'],
    ['<a@example.com>', '', 'a@example.com'],
    ['"Doe, Jane" <a@example.com>', 'Doe, Jane', '"Doe, Jane" <a@example.com>'],
    ['"a \\"b\\" \\\\" <a@example.com>', 'a "b" \\', '"a \\"b\\" \\\\" <a@example.com>'],
    ['Ünal & Co. <a@example.com>', 'Ünal & Co.', '=?UTF-8?B?w5xuYWwgJiBDby4=?= <a@example.com>'],
    ['"=?utf-8?Q?x?=" <a@example.com>', '=?utf-8?Q?x?=', '=?UTF-8?B?PT91dGYtOD9RP3g/PQ==?= <a@example.com>'],
    ['no-reply@localhost', '', 'no-reply@localhost'],
  ])('%s has the name %j', (text, name, written) => {
    const mailbox = parseMailbox(text)!;
    expect(mailbox.name).toBe(name);
    expect(mailboxText(mailbox)).toBe(written);
    expect(parseMailbox(mailboxText(mailbox))?.address).toBe(mailbox.address);
  });

  it.each([
    '',
    'Ada',
    'a@b@c.de',
    'a@example.com, b@example.com',
    'Doe, Jane <a@example.com>',
    'Ada <a@example.com> <b@example.com>',
    'Ada <a@example.com>\r\nBcc: b@example.com',
    'Ada\r\n <a@example.com>',
    'ä@example.com',
    '"a b"@example.com',
  ])('is not in %j', (text) => {
    expect(parseMailbox(text)).toBeNull();
  });
});
