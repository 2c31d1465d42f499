import fc from 'fast-check';
import { type Mail } from '../../src/sender/transports/transport.js';
import { aMail } from './mails.js';

export interface HostileMail {
  mail: Mail;
  fromName: string;
  replyToName: string | null;
  /** Whether every value may stand in a header; else the mail must be refused. */
  isDeliverable: boolean;
}

const HARMLESS = [
  'a',
  'Ada Lovelace',
  ' ',
  '  ',
  '.',
  ',',
  ';',
  ':',
  '"',
  '\\',
  "'",
  '<',
  '>',
  '@',
  '(',
  ')',
  '=',
  '?',
];
const ODD = [
  'é',
  '안녕',
  '😀',
  'e\u0301',
  '\u202e',
  '\ufeff',
  '\u00a0',
  '=?utf-8?B?DQpCY2M6IHhAZXhhbXBsZS5vcmc=?=',
  '=?utf-8?Q?=0D=0A?=',
  '=?',
  '?=',
  '{{name}}',
  '${x}',
  '%0d%0aBcc: x@example.org',
  '\\r\\n',
  'Bcc: x@example.org',
  '<x@example.org>',
  'x'.repeat(90),
  '</title><script>',
];
const FORBIDDEN = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\t',
  '\x7f',
  '\x85',
  '\u2028',
  '\u2029',
  '\ud800',
  '\r\nBcc: x@example.org',
];

const FORBIDDEN_CHARACTER = /[\0-\x1f\x7f-\x9f\u2028\u2029]|\p{Surrogate}/u;

/** Seven of eight have nothing that no header may hold. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...HARMLESS, ...ODD), { maxLength: 12 }).map((p) => p.join('')) },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 120 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...HARMLESS, ...FORBIDDEN), { maxLength: 8 }).map((parts) => parts.join('')),
  },
);
const subject = text.map((given) => `s${given}`);

const GOOD_RECIPIENTS = [
  'ada@example.net',
  'Ada.L+tag@EXAMPLE.Net',
  "o'b!#$%&*/=?^_`{|}~@xn--e1afmkfd.example",
  '-x@y.zz',
];
const BAD_RECIPIENTS = [
  'ada@example.net>\r\nDATA',
  'ada@example.net> ORCPT=x',
  'ada@example.net,x@example.org',
  'Ada <ada@example.net>',
  'ädä@example.net',
  '"a b"@example.net',
  'nobody',
];
const recipient = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...GOOD_RECIPIENTS) },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_RECIPIENTS) },
);

const GOOD_NAMES = [
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Id',
  'In-Reply-To',
  'References',
  'Precedence',
  'x-lower',
  "X-a_b.c'd",
];
const BAD_NAMES = [
  'Bcc',
  'subject',
  'From',
  'Content-Type',
  'X-SES-MESSAGE-TAGS',
  'X-Messages-Email-ID',
  'X-A\r\nBcc',
  'X A',
  'X:A',
  'X-Ä',
  '',
  '__proto__',
];
const GOOD_VALUES = [
  '<https://example.com/v1/unsubscribe/x.y>, <mailto:x@example.com>',
  'List-Unsubscribe=One-Click',
  'a  b',
  '"quoted" (comment) <x@example.org>; boundary=x',
  '=?utf-8?B?DQo=?=',
  'x'.repeat(400),
  `y${' z'.repeat(450)}`,
  'Bcc: x@example.org',
  '{{name}}',
];
const BAD_VALUES = ['', ' x', 'x ', 'x\r\nBcc: y@example.org', 'x\n y', 'é', 'x\0', 'x\t', 'z'.repeat(1_000)];

const goodHeader = fc.tuple(
  fc.oneof(
    fc.constantFrom(...GOOD_NAMES),
    fc.integer({ min: 0, max: 40 }).map((n) => `X-Custom-${n}`),
  ),
  fc.constantFrom(...GOOD_VALUES),
);
const badHeader = fc.oneof(
  fc.tuple(fc.constantFrom(...BAD_NAMES), fc.constantFrom('x')),
  fc.tuple(fc.constantFrom('X-Bad'), fc.constantFrom(...BAD_VALUES)),
);
const headers = fc.tuple(
  fc.array(goodHeader, { maxLength: 18 }),
  fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(badHeader, { minLength: 1, maxLength: 1 }) },
  ),
);

const hostileMail = fc
  .record({ subject, fromName: text, replyToName: fc.option(text), recipient, headers, hasText: fc.boolean() })
  .map(({ subject, fromName, replyToName, recipient: to, headers: [good, bad], hasText }): HostileMail => {
    const mail = aMail({
      subject,
      to,
      from: mailbox(fromName, 'no-reply@example.com'),
      headers: Object.fromEntries([...good, ...bad]),
      ...(replyToName === null ? {} : { replyTo: mailbox(replyToName, 'answers@example.com') }),
      ...(hasText ? { text: subject } : {}),
    });
    const texts = [subject, fromName, replyToName ?? ''];
    const isDeliverable =
      bad.length === 0 && GOOD_RECIPIENTS.includes(to) && !texts.some((given) => FORBIDDEN_CHARACTER.test(given));
    return { mail, fromName, replyToName, isDeliverable };
  });

/** The same ones for the same seed. */
export function hostileMails(count: number, seed: number): HostileMail[] {
  return fc.sample(hostileMail, { numRuns: count, seed });
}

function mailbox(name: string, address: string): string {
  return name === '' ? address : `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
}

/** The headers of a message as names and values, unfolded. Throws for what is not ASCII or has bare line breaks. */
export function headersOf(raw: Buffer): [name: string, value: string][] {
  const head = raw.subarray(0, raw.indexOf('\r\n\r\n')).toString('latin1');
  const lines = head.split('\r\n');
  for (const line of lines)
    if (!/^[ -~]{1,998}$/.test(line)) throw new Error(`no header line: ${JSON.stringify(line)}`);
  return lines
    .join('\r\n')
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^ /, '')]);
}

/** RFC 2047: spaces between two encoded words are none of the text. */
export function decodedText(header: string): string {
  const word = /=\?utf-8\?([BQ])\?([^?]*)\?=(?:\s+(?==\?utf-8\?))?/gi;
  return header.replace(word, (_, encoding: string, data: string) => {
    if (encoding.toUpperCase() === 'B') return Buffer.from(data, 'base64').toString();
    const latin1 = data
      .replaceAll('_', ' ')
      .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    return Buffer.from(latin1, 'latin1').toString();
  });
}

/** A mailbox header's name and address; a name in quotes is not encoded. */
export function decodedMailbox(header: string): { name: string; address: string } {
  const [, quoted, plain = '', address = header] = /^(?:"((?:[^"\\]|\\.)*)"|([^"<]*?)) ?<([^<>]*)>$/.exec(header) ?? [];
  return { name: quoted === undefined ? decodedText(plain) : quoted.replace(/\\(.)/g, '$1'), address };
}

/** What is wrong with a mail that arrived; empty when it is exactly the one that was sent. */
export function deviations({ mail, fromName, replyToName }: HostileMail, raw: Buffer): string[] {
  const found = headersOf(raw);
  const value = (name: string) => found.find(([given]) => given.toLowerCase() === name)?.[1] ?? '';
  const custom = Object.keys(mail.headers ?? {});
  const expected = [
    ...['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type'],
    ...(mail.text === undefined ? ['Content-Transfer-Encoding'] : []),
    ...(replyToName === null ? [] : ['Reply-To']),
    ...['X-Messages-Email-ID', 'X-Messages-Topic-ID'],
    ...custom,
  ];
  const sorted = (names: string[]) => names.map((name) => name.toLowerCase()).sort();
  const checks: [what: string, actual: unknown, expected: unknown][] = [
    ['names', sorted(found.map(([name]) => name)), sorted(expected)],
    ['subject', decodedText(value('subject')), mail.subject],
    ['from', decodedMailbox(value('from')), { name: fromName, address: 'no-reply@example.com' }],
    ['to', value('to'), mail.to],
    ['id', value('x-messages-email-id'), mail.id],
    ['topic', value('x-messages-topic-id'), mail.topicId],
    ...custom.map((name): [string, unknown, unknown] => [name, value(name.toLowerCase()), mail.headers?.[name]]),
  ];
  if (replyToName !== null) {
    const address = 'answers@example.com';
    checks.push(['reply-to', decodedMailbox(value('reply-to')), { name: replyToName, address }]);
  }
  return checks
    .filter(([, actual, wanted]) => JSON.stringify(actual) !== JSON.stringify(wanted))
    .map(([what, actual, wanted]) => `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
}
