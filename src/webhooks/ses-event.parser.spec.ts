import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParsedSesEvent } from './ses-event.js';
import { parseSesEvent } from './ses-event.parser.js';

const ID = '0198a3c5-7d2e-7000-8abc-0123456789ab';
const PROVIDER_ID = 'EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000';
const PUBLISHED = new Date('2026-01-02T03:04:05.678Z');

function fixture(file: string): string {
  return readFileSync(new URL(`../../test/fixtures/ses/${file}`, import.meta.url), 'utf8');
}

function parsed(message: string): ParsedSesEvent {
  const event = parseSesEvent(message, PUBLISHED);
  if ('ignored' in event) throw new Error(`ignored: ${event.ignored}`);
  return event;
}

describe("AWS's documented example", () => {
  const agent = expect.stringContaining('Mozilla/5.0');
  const feedbackId = expect.stringMatching(/-000000$/);

  it.each([
    ['event-send.json', 'Send', '2017-08-05T00:40:02.012Z', {}],
    [
      'event-delivery.json',
      'Delivery',
      '2017-08-05T00:41:02.669Z',
      { delivery: { smtpResponse: '250 2.6.0 Message received', processingTimeMs: 11893 } },
    ],
    [
      'event-bounce.json',
      'Bounce',
      '2017-08-05T00:41:02.669Z',
      {
        bounce: {
          type: 'Permanent',
          subType: 'General',
          feedbackId,
          status: '5.1.1',
          diagnosticCode: 'smtp; 550 5.1.1 user unknown',
        },
      },
    ],
    [
      'event-complaint.json',
      'Complaint',
      '2017-08-05T00:41:02.669Z',
      {
        complaint: {
          feedbackType: 'abuse',
          subType: null,
          feedbackId,
          userAgent: 'ExampleCorp Feedback Loop (V0.01)',
        },
      },
    ],
    ['event-reject.json', 'Reject', '2017-08-05T00:40:02.012Z', { reject: { reason: 'Bad content' } }],
    ['event-open.json', 'Open', '2017-08-05T00:41:02.669Z', { open: { ipAddress: '192.0.2.1', userAgent: agent } }],
    [
      'event-click.json',
      'Click',
      '2017-08-05T00:41:02.669Z',
      { click: { ipAddress: '192.0.2.1', userAgent: agent, link: 'https://example.com/docs/welcome' } },
    ],
    [
      'event-rendering-failure.json',
      'RenderingFailure',
      '2017-08-05T00:40:02.012Z',
      {
        renderingFailure: {
          errorMessage: "Attribute 'attributeName' is not present in the rendering data.",
          templateName: 'MyTemplate',
        },
      },
    ],
    [
      'event-delivery-delay.json',
      'DeliveryDelay',
      '2020-06-16T00:25:40.095Z',
      {
        delay: {
          type: 'TransientCommunicationFailure',
          expiresAt: new Date('2020-06-16T00:25:40.914Z'),
          status: '4.4.1',
          diagnosticCode: 'smtp; 421 4.4.1 Unable to connect to remote host',
        },
      },
    ],
    [
      'event-subscription.json',
      'Subscription',
      '2022-01-12T01:00:17.910Z',
      { subscription: { contactList: 'ContactListName', source: 'UnsubscribeHeader' } },
    ],
  ])('%s is an event of our mail', (file, type, occurredAt, details) => {
    const message = fixture(file);
    expect(parsed(message)).toEqual({
      type,
      name: (JSON.parse(message) as { eventType: string }).eventType,
      shape: 'event',
      occurredAt: new Date(occurredAt),
      emailId: ID,
      headerEmailId: null,
      providerMessageId: PROVIDER_ID,
      recipients: ['recipient@example.com'],
      ...details,
      raw: JSON.parse(message) as unknown,
    });
  });

  it.each([
    ['feedback-bounce.json', 'Bounce', ID, ['recipient@example.com']],
    ['feedback-bounce-without-dsn.json', 'Bounce', null, ['recipient@example.com', 'other@example.com']],
    ['feedback-complaint.json', 'Complaint', ID, ['recipient@example.com']],
    ['feedback-complaint-without-report.json', 'Complaint', null, ['recipient@example.com']],
    ['feedback-delivery.json', 'Delivery', ID, ['recipient@example.com']],
  ])('%s is matched by header or provider id', (file, type, headerEmailId, recipients) => {
    expect(parsed(fixture(file))).toMatchObject({
      type,
      name: type,
      shape: 'feedback',
      emailId: null,
      headerEmailId,
      providerMessageId: PROVIDER_ID,
      recipients,
      occurredAt: new Date('2016-01-27T14:59:38.237Z'),
    });
  });

  it('holds what is missing as null', () => {
    expect(parsed(fixture('feedback-bounce-without-dsn.json')).bounce).toMatchObject({
      type: 'Permanent',
      status: null,
      diagnosticCode: null,
    });
    expect(parsed(fixture('feedback-complaint-without-report.json')).complaint).toMatchObject({
      feedbackType: null,
      userAgent: null,
    });
  });
});

describe('a message that is no event', () => {
  it.each([
    ["SES's note", fixture('note-validated.txt'), /no JSON object/],
    ['the note on an identity', fixture('note-subscription-succeeded.json'), /names no mail/],
    ['{}', '{}', /no type/],
    ['empty', '', /no JSON object/],
    ['an array', '[{"eventType":"Send"}]', /no JSON object/],
    ['without mail', '{"eventType":"Bounce","bounce":{}}', /names no mail/],
    ['with a mail that is text', '{"eventType":"Bounce","mail":"x"}', /names no mail/],
    ['with a mail without any id', '{"eventType":"Bounce","mail":{"tags":{"request_id":["x"]}}}', /names no mail/],
    ['with a type that is no text', '{"eventType":{},"mail":{"messageId":"m"}}', /no type/],
    ['too deep to be written again', `{"eventType":"Send","mail":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, /no JSON/],
  ])('is ignored: %s', (_name, message, reason) => {
    expect(parseSesEvent(message, PUBLISHED)).toEqual({ ignored: expect.stringMatching(reason) });
  });
});

describe('the id of the email', () => {
  const OTHER = '11111111-2222-4333-8444-555555555555';

  function ids(mail: object) {
    const { emailId, headerEmailId } = parsed(JSON.stringify({ eventType: 'Send', mail: { messageId: 'm', ...mail } }));
    return { emailId, headerEmailId };
  }

  it.each<[string, unknown, string | null]>([
    ['one', [ID], ID],
    ['in upper case', [ID.toUpperCase()], ID],
    ['of another version', [OTHER], OTHER],
    ['two', [ID, OTHER], null],
    ['twice the same', [ID, ID], null],
    ['no UUID', ['newsletter'], null],
    ['in braces', [`{${ID}}`], null],
    ['none', [], null],
    ['text in place of a list', ID, null],
    ['a number', [7], null],
  ])('is the tag request_id: %s', (_name, request_id, emailId) => {
    expect(ids({ tags: { request_id } })).toEqual({ emailId, headerEmailId: null });
  });

  it.each<[string, unknown, string | null]>([
    ['as we write it', [{ name: 'X-Messages-Email-ID', value: ID }], ID],
    ['in another case', [{ name: 'x-messages-email-id', value: ` ${ID.toUpperCase()} ` }], ID],
    [
      'among others',
      [
        { name: 'To', value: 'x' },
        { name: 'X-Messages-Email-Id', value: ID },
      ],
      ID,
    ],
    [
      'twice',
      [
        { name: 'X-Messages-Email-ID', value: ID },
        { name: 'X-Messages-Email-ID', value: OTHER },
      ],
      null,
    ],
    ['without a value', [{ name: 'X-Messages-Email-ID' }], null],
    ['not in a list', { name: 'X-Messages-Email-ID', value: ID }, null],
  ])('is in our header: %s', (_name, headers, headerEmailId) => {
    expect(ids({ headers })).toEqual({ emailId: null, headerEmailId });
  });
});

describe('an event', () => {
  it('of a type that SES has added is kept with its name', () => {
    expect(parsed('{"eventType":"Read Receipt","mail":{"messageId":"m"},"new":1}')).toMatchObject({
      type: 'unknown',
      name: 'Read Receipt',
      raw: { new: 1 },
    });
  });

  it.each(['constructor', '__proto__', 'toString'])('of the type %s is an unknown one', (name) => {
    expect(parsed(JSON.stringify({ eventType: name, mail: { messageId: 'm' } })).type).toBe('unknown');
  });

  it('without a time of its own has that of its publication', () => {
    for (const timestamp of [
      undefined,
      7,
      'yesterday',
      '2026-13-01T00:00:00Z',
      '2026-01-01',
      '+010000-01-01T00:00:00Z',
    ]) {
      const message = JSON.stringify({ eventType: 'Send', mail: { messageId: 'm', timestamp } });
      expect(parsed(message).occurredAt).toEqual(PUBLISHED);
    }
  });

  it('gives bare addresses', () => {
    const bouncedRecipients = [
      { emailAddress: 'Some One <a@example.com>' },
      { emailAddress: ' b@example.com ' },
      {},
      7,
    ];
    const message = { eventType: 'Bounce', bounce: { bouncedRecipients }, mail: { messageId: 'm' } };
    expect(parsed(JSON.stringify(message)).recipients).toEqual(['a@example.com', 'b@example.com']);
  });

  it('is cut where its text is endless', () => {
    const userAgent = `${'x'.repeat(2_047)}\u{1f600}${'x'.repeat(100_000)}`;
    const message = JSON.stringify({ eventType: 'Open', open: { userAgent }, mail: { messageId: 'm' } });
    expect(parsed(message).open?.userAgent).toBe('x'.repeat(2_047));
  });

  it('never holds what PostgreSQL cannot', () => {
    const escapes = String.raw`a\u0000b\ud800c\udc00d\ud83d\ude00e\\u0000f\\\u0000g\uD83Dh`;
    const message = `{"eventType":"Bounce","mail":{"messageId":"m"},"bounce":{"bouncedRecipients":[{"diagnosticCode":"${escapes}\ud800"}]},"\\u0000":1}`;
    const event = parsed(message);
    const clean = 'a\ufffdb\ufffdc\ufffdd\u{1f600}e\\u0000f\\\ufffdg\ufffdh\ufffd';
    expect(event.bounce?.diagnosticCode).toBe(clean);
    expect(event.raw['\ufffd']).toBe(1);
    // Past the doubled backslash nothing suspect is left.
    expect(JSON.stringify(event.raw).replace(/\\\\/g, '')).not.toMatch(/\\u0000|\\ud[89a-f]/i);
  });
});

describe('whatever arrives', () => {
  const names = ['eventType', 'notificationType', 'mail', 'bounce', 'tags', 'headers', 'request_id', 'messageId'];
  const types = ['Send', 'Bounce', 'Complaint', 'Click', 'Rendering Failure', 'DeliveryDelay', 'new'];
  const members = [...names, 'bouncedRecipients', 'emailAddress', 'timestamp', 'destination', 'name', 'value'];
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.constantFrom(...types, ID, null, 1e999, -0), fc.jsonValue(), fc.string({ unit: 'binary' })),
    object: fc.dictionary(fc.oneof(fc.constantFrom(...members), fc.string()), tie('tree'), { maxKeys: 8 }),
    tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), fc.array(tie('tree'), { maxLength: 4 }), tie('object')),
  }));

  it('never throws, and can be written as JSON', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(...types), (value, eventType) => {
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        for (const message of [value, isObject ? { ...value, eventType } : { eventType, mail: value, bounce: value }]) {
          const event = parseSesEvent(JSON.stringify(message) ?? '', PUBLISHED);
          if ('ignored' in event) continue;
          expect(Number.isNaN(event.occurredAt.getTime())).toBe(false);
          expect(event.recipients.every((recipient) => typeof recipient === 'string')).toBe(true);
          JSON.stringify(event);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throws on a documented example in which one value is another', () => {
    const examples = ['event-bounce.json', 'event-click.json', 'event-delivery-delay.json', 'feedback-complaint.json'];
    fc.assert(
      fc.property(fc.constantFrom(...examples), fc.nat(), fc.jsonValue(), (file, position, value) => {
        let index = 0;
        let count = 0;
        const text = fixture(file);
        JSON.parse(text, (_name, old: unknown) => (count++, old));
        const changed: unknown = JSON.parse(text, (_name, old: unknown) =>
          index++ === position % count ? value : old,
        );
        parseSesEvent(JSON.stringify(changed), PUBLISHED);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws on text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void parseSesEvent(text, PUBLISHED)),
      { numRuns: 1_000 },
    );
  });
});
