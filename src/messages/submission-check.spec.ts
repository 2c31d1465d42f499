import { describe, expect, it } from 'vitest';
import { NO_EXTRAS } from '../../test/support/messages.js';
import type { ServerConfig } from '../config/server.config.js';
import type { TrackingConfig } from '../config/tracking.config.js';
import { AppError, type FieldError } from '../runtime/errors.js';
import type { SubmittedMessage } from './messages.service.js';
import { readRecipients } from './recipients.js';
import { SubmissionCheck } from './submission-check.js';

const NOW = Date.now();

function setup({ secret = 'a secret of sixteen' as string | null, fromDomains = [] as string[] } = {}) {
  const server = { publicUrl: 'https://mail.example.com', fromDomains } as unknown as ServerConfig;
  return new SubmissionCheck(server, { secret } as TrackingConfig);
}

function message(fields: Partial<SubmittedMessage> & { emails?: unknown[] }): SubmittedMessage {
  const { emails = ['a@b.cd'], ...rest } = fields;
  return {
    ...NO_EXTRAS,
    topicId: '',
    subject: 'Hello',
    content: '<p>Hello</p>',
    scheduledAt: null,
    trackOpens: null,
    trackClicks: null,
    recipients: readRecipients(emails, '/messages/0/emails'),
    ...rest,
  };
}

function errorsOf(check: SubmissionCheck, fields: Parameters<typeof message>[0], lenient = false): FieldError[] {
  try {
    check.check([message(fields)], lenient);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [...(error.errors ?? [])];
  }
}

describe('from', () => {
  it('is refused where FROM_DOMAINS is empty, in a sentence that names it', () => {
    expect(errorsOf(setup(), { fromEmail: 'a@b.cd' })).toEqual([
      {
        pointer: '/messages/0/from',
        code: 'from_not_allowed',
        detail: expect.stringContaining('FROM_DOMAINS') as string,
      },
    ]);
  });

  it.each([
    ['jane@example.com', true],
    ['"Doe, Jane" <Jane@example.com>', true],
    ['<jane@example.com>', true],
    ['ada@else.org', true],
    ['bob@else.org', false],
    ['jane@sub.example.com', false],
    ['jane@badexample.com', false],
    ['jane@example.com <x@evil.com>', false],
  ])('%s is allowed by domain or address: %s', (fromEmail, isAllowed) => {
    const errors = errorsOf(setup({ fromDomains: ['example.com', 'ada@else.org'] }), { fromEmail });
    expect(errors.map(({ code }) => code)).toEqual(isAllowed ? [] : ['from_not_allowed']);
  });
});

describe('without TRACKING_SECRET', () => {
  it.each<[string, Parameters<typeof message>[0]]>([
    ['track_clicks', { trackClicks: true }],
    ['emails', { emails: [{ email: 'a@b.cd', track_clicks: true }] }],
    ['unsubscribe', { unsubscribe: true }],
    ['content', { content: '<a href="{{ unsubscribe_url }}">' }],
    ['text', { text: '{{unsubscribe_url}}' }],
  ])('%s cannot ask for a signed link', (member, fields) => {
    expect(errorsOf(setup({ secret: null }), fields)).toMatchObject([
      { pointer: `/messages/0/${member}`, code: 'tracking_secret_missing' },
    ]);
    expect(errorsOf(setup(), fields)).toEqual([]);
  });
});

describe('expires_at', () => {
  it('lies behind scheduled_at', () => {
    const scheduledAt = new Date(NOW + 60_000);
    for (const [expiresAt, codes] of [
      [scheduledAt, ['too_early']],
      [new Date(NOW + 60_001), []],
    ] as const) {
      expect(errorsOf(setup(), { scheduledAt, expiresAt }).map(({ code }) => code)).toEqual(codes);
    }
  });
});

describe('variables', () => {
  const check = setup();

  it('missing for anybody are named with their recipient, also where none are given at all', () => {
    const emails = [
      { email: 'a@b.cd', variables: { name: 'x' } },
      'c@b.cd',
      { email: 'd@b.cd', variables: { nam: 'x' } },
    ];
    expect(errorsOf(check, { content: 'Hello {{name}}', emails })).toEqual([
      {
        pointer: '/messages/0/emails/1',
        code: 'missing_variable',
        detail: 'c@b.cd has no value for the variable "name" of the content',
      },
      {
        pointer: '/messages/0/emails/2',
        code: 'missing_variable',
        detail: 'd@b.cd has no value for the variable "name" of the content',
      },
    ]);
    expect(errorsOf(check, { subject: 'Hi {{toString}}' })[0]).toMatchObject({ code: 'missing_variable' });
    expect(errorsOf(check, { text: '{{name}}', variables: { name: '' } })).toEqual([]);
    expect(errorsOf(check, { content: '{{ not-a-name }} {{unsubscribe_url}}' })).toEqual([]);
  });

  it('missing leave out a recipient alone where that is allowed, and refuse a message that has no other', () => {
    const emails = ['nobody', 'a@b.cd', { email: 'c@b.cd', variables: { name: 'x' } }];
    const [{ recipients }] = check.check([message({ content: '{{name}}', emails })], true);
    expect(recipients.addresses).toEqual(['c@b.cd']);
    expect(recipients.variables).toEqual([{ name: 'x' }]);
    expect(recipients.rejected.map(({ pointer }) => pointer)).toEqual(['/messages/0/emails/0', '/messages/0/emails/1']);
    expect(errorsOf(check, { content: '{{name}}', emails: ['nobody', 'a@b.cd'] }, true)).toHaveLength(2);
  });

  it('bring no control character into the subject', () => {
    const emails = [{ email: 'a@b.cd', variables: { name: 'x\nBcc: e@v.il' } }];
    expect(errorsOf(check, { content: '{{name}}', emails })).toEqual([]);
    expect(errorsOf(check, { subject: '{{name}}', emails })).toMatchObject([
      { pointer: '/messages/0/emails/0', code: 'invalid_characters' },
    ]);
    expect(errorsOf(check, { subject: '{{n}}', variables: { n: '\u2028' } })[0]?.code).toBe('invalid_characters');
  });

  it('leave a subject of 1 to 255 characters', () => {
    const subject = 'Hi {{name}}';
    expect(errorsOf(check, { subject, variables: { name: 'x'.repeat(252) } })).toEqual([]);
    expect(errorsOf(check, { subject, variables: { name: 'x'.repeat(253) } })[0].code).toBe('too_long');
    expect(errorsOf(check, { subject: '{{name}}', variables: { name: ' ' } })[0].code).toBe('required');
  });

  it('take 10 KB per email together, what the recipient overrides not counted', () => {
    const values = (names: string) => Object.fromEntries([...names].map((name) => [name, 'ü'.repeat(500)]));
    const variables = values('abcdef');
    const own = (names: string) =>
      errorsOf(check, { variables, emails: [{ email: 'a@b.cd', variables: values(names) }] });
    expect(own('ghij')).toEqual([]);
    expect(own('abcdefghij')).toEqual([]);
    expect(own('ghijk')).toMatchObject([{ pointer: '/messages/0/emails/0', code: 'variables_too_large' }]);
  });

  it('leave a body that the queue takes', () => {
    const content = '{{a}}'.repeat(13_000);
    expect(errorsOf(check, { content, variables: { a: 'x'.repeat(10) } })).toEqual([]);
    expect(errorsOf(check, { content, variables: { a: '"'.repeat(10) } })[0].code).toBe('body_too_large');
    expect(errorsOf(check, { text: content, variables: { a: 'x'.repeat(50) } })[0].code).toBe('body_too_large');
    expect(errorsOf(check, { content: '{{unsubscribe_url}}'.repeat(3_400) })[0].code).toBe('body_too_large');
  });

  it('are checked for 100,000 recipients in a moment', () => {
    const emails = Array.from({ length: 1_000 }, (_, i) => ({ email: `u${i}@b.cd`, variables: { name: `User ${i}` } }));
    const messages = Array.from({ length: 100 }, () => message({ content: '<p>Hello {{name}}</p>', emails }));
    const startedMs = performance.now();
    check.check(messages, false);
    process.stdout.write(`100 x 1,000 personal recipients: ${(performance.now() - startedMs).toFixed(0)} ms\n`);
  });
});
