import { decode as decodeMessagePack } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { CONTENT_TYPES, type PayloadFormat } from '../contracts/payload.js';
import { decodePayload } from './payload.js';
import { PayloadTemplate } from './payload-template.js';

const emailId = '01900000-0000-7000-8000-0000000000aa';
const rendered = (uuid: string) => ({
  uuid,
  subject: 'Grüße "quoted" \\ 🎉',
  body: `<p>${'x'.repeat(70_000)}</p><img src="https://h/?requestId=${uuid}">`,
  topic_id: 'news',
  message_id: '01900000-0000-7000-8000-0000000000bb',
});

describe.each<PayloadFormat>(['msgpack', 'json'])('a payload in %s', (format) => {
  it.each(['a@b.cd', 'exactly-thirty-one-bytes@b.coooo', `${'l'.repeat(64)}@${'d'.repeat(60)}.com`])(
    'is read back as it was rendered, for %s',
    (address) => {
      const payload = new PayloadTemplate(format, rendered).payloadOf(emailId, address);
      expect(decodePayload(CONTENT_TYPES[format], payload)).toEqual({ ...rendered(emailId), email: address });
    },
  );

  it('is a map to a decoder that knows only the format', () => {
    const payload = new PayloadTemplate(format, rendered).payloadOf(emailId, 'a@b.cd');
    const value = format === 'json' ? JSON.parse(payload.toString()) : decodeMessagePack(payload);
    expect(value).toMatchObject({ uuid: emailId, email: 'a@b.cd', subject: rendered(emailId).subject });
  });

  it('is refused when it is cut short', () => {
    const payload = new PayloadTemplate(format, rendered).payloadOf(emailId, 'a@b.cd');
    expect(() => decodePayload(CONTENT_TYPES[format], payload.subarray(0, 100))).toThrow();
  });

  it('is refused when a field is missing', () => {
    const bytes = format === 'json' ? Buffer.from('{"uuid":"x"}') : Buffer.of(0x80);
    expect(() => decodePayload(CONTENT_TYPES[format], bytes)).toThrow(/has no text/);
  });
});
