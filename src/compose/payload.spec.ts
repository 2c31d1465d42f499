import { decode as decodeMessagePack, encode as encodeMessagePack } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { aMessage } from '../../test/support/messages.js';
import { CONTENT_TYPES, type PayloadFormat } from '../contracts/payload.js';
import { EmailTemplate, type MessageContent } from './email-template.js';
import { decodePayload, serializeReference } from './payload.js';
import { payloadTemplate } from './payload-template.js';
import { unsubscribeHeaders, unsubscribeUrl } from './unsubscribe.js';

const id = '01900000-0000-7000-8000-0000000000aa';
const publicUrl = 'https://mail.example.com';
const secret = 'a secret of sixteen';
const subject = 'Grüße "quoted" \\ 🎉';
const content = `<p>${'x'.repeat(70_000)}</p>`;

function payloadOf(format: PayloadFormat, message: Partial<MessageContent>, address = 'a@b.cd'): Buffer {
  const tracking = { opens: true, clicks: true };
  const template = new EmailTemplate(aMessage({ subject, content, ...message }), tracking, { publicUrl, secret });
  return payloadTemplate(format, template).payloadOf({ id, address, variables: { name: 'Ada' } });
}

describe.each<PayloadFormat>(['msgpack', 'json'])('a payload in %s', (format) => {
  const read = (bytes: Buffer) => decodePayload(CONTENT_TYPES[format], bytes);

  it.each(['a@b.cd', 'exactly-thirty-one-bytes@b.coooo', `${'l'.repeat(64)}@${'d'.repeat(60)}.com`])(
    'is read back as it was composed, for %s',
    (address) => {
      expect(read(payloadOf(format, {}, address))).toEqual({
        uuid: id,
        email: address,
        subject,
        body: expect.stringContaining(`requestId=${id}&s=`) as string,
        text: 'x'.repeat(65_535),
        topic_id: 'news',
        message_id: aMessage().id,
      });
    },
  );

  it('has all that the message has, and is the same whether it is spliced or made for one email', () => {
    const extras = {
      text: 'Hello "you", {{unsubscribe_url}}',
      fromEmail: '"Doe, Jane" <jane@example.com>',
      replyTo: 'help@example.com',
      headers: { 'X-Campaign': '{{name}}' },
      tags: { kind: 'news' },
      unsubscribe: true,
    };
    const url = unsubscribeUrl(publicUrl, id, secret);
    const expected = {
      text: `Hello "you", ${url}`,
      from: extras.fromEmail,
      reply_to: 'help@example.com',
      headers: { 'X-Campaign': '{{name}}', ...unsubscribeHeaders(url) },
      tags: { kind: 'news' },
    };
    const spliced = read(payloadOf(format, extras));
    expect(spliced).toMatchObject(expected);
    const personal = read(payloadOf(format, { ...extras, subject: `${subject}{{name}}` }));
    expect(personal).toEqual({ ...spliced, subject: `${subject}Ada` });
  });

  it('is a map to a decoder that knows only the format', () => {
    const payload = payloadOf(format, {});
    const value = format === 'json' ? JSON.parse(payload.toString()) : decodeMessagePack(payload);
    expect(value).toMatchObject({ uuid: id, email: 'a@b.cd', subject });
  });

  it('is refused when it is cut short, wherever that is', () => {
    const payload = payloadOf(format, { content: 'x'.repeat(300), headers: { 'X-Campaign': 'y'.repeat(40) } });
    for (let length = 0; length < payload.length; length++) {
      expect(() => read(payload.subarray(0, length))).toThrow();
    }
  });

  it('is read also where it has fields that nobody knows yet', () => {
    const whole = { uuid: id, email: 'a@b.cd', subject, body: 'x', topic_id: '', message_id: id, ttl: 7, more: ['x'] };
    const bytes = format === 'json' ? Buffer.from(JSON.stringify(whole)) : Buffer.from(encodeMessagePack(whole));
    expect(read(bytes)).toEqual(whole);
  });

  it.each([
    [{ uuid: 'x' }, /has no text "email"/],
    [[], /not a map/],
    [{ uuid: id, message_id: id, body: 'x' }, /has no text "email"/],
    [{ text: 7 }, /"text" is no text/],
    [{ reply_to: null }, /"reply_to" is no text/],
    [{ headers: ['x'] }, /"headers" is no map/],
    [{ tags: { a: 1 } }, /"tags" is no map/],
  ])('is refused as %j', (fields, reason) => {
    const isOptional = Object.keys(fields).every((name) => ['text', 'reply_to', 'headers', 'tags'].includes(name));
    const whole = { uuid: id, email: 'a@b.cd', subject, body: 'x', topic_id: '', message_id: id };
    const value = isOptional && !Array.isArray(fields) ? { ...whole, ...fields } : fields;
    const bytes = format === 'json' ? Buffer.from(JSON.stringify(value)) : Buffer.from(encodeMessagePack(value));
    expect(() => read(bytes)).toThrow(reason);
  });
});

describe('a reference', () => {
  it('is told from a whole mail by having nothing else', () => {
    const reference = { uuid: id, message_id: aMessage().id };
    expect(decodePayload(CONTENT_TYPES.json, serializeReference(reference))).toEqual(reference);
    expect(serializeReference(reference)).toHaveLength(99);
  });
});
