import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD, KEY, MAX_BODY_BYTES, Probe, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('the body', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json; charset=utf-16',
    'nonsense',
  ])('is refused as %s', async (type) => {
    expectProblem(
      await probe.post(JSON.stringify({ messages: [GOOD] }), { 'content-type': type }),
      415,
      'unsupported_media_type',
    );
  });

  it('is refused without a content type', async () => {
    const answer = await probe.raw(
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-length: 2\r\n\r\n{}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 415[^]*unsupported_media_type/);
  });

  it.each(['application/json;charset=UTF-8', 'Application/JSON; charset="utf-8"', 'application/json; x=y'])(
    'is taken as %s',
    async (type) => {
      expect((await probe.post({ messages: [GOOD] }, { 'content-type': type })).status).toBe(200);
    },
  );

  it.each(['gzip', 'br', 'gzip, gzip', 'deflate'])('is refused in the encoding %s', async (encoding) => {
    expectProblem(
      await probe.post({ messages: [GOOD] }, { 'content-encoding': encoding }),
      415,
      'unsupported_encoding',
    );
  });

  it('is taken in the identity encoding', async () => {
    expect((await probe.post({ messages: [GOOD] }, { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it.each([
    ['empty', ''],
    ['cut off', '{'],
    ['with a trailing comma', '{"messages":[],}'],
    ['NaN', '{"messages":NaN}'],
    ['in single quotes', "{'messages':[]}"],
    ['two documents', '{}{}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from(JSON.stringify({ messages: [GOOD] }), 'utf16le')],
    ['__proto__', '{"messages":[],"__proto__":{"x":1}}'],
    ['constructor.prototype', '{"messages":[],"constructor":{"prototype":{"x":1}}}'],
    ['a number of 1 MB, then nothing', `{"messages":${'9'.repeat(1_000_000)}`],
  ])('is refused when it is %s', async (_name, body) => {
    expectProblem(await probe.post(body), 400, 'malformed_json');
  });

  it('may begin with a byte order mark', async () => {
    expect((await probe.post(`\ufeff${JSON.stringify({ messages: [GOOD] })}`)).status).toBe(200);
  });

  it.each([
    ['a million brackets', '['.repeat(1_000_000), 'too_deep'],
    ['an unknown field of depth 5,001', `{"messages":[],"x":${'['.repeat(5_001)}${']'.repeat(5_001)}}`, 'too_deep'],
    [
      'a million members',
      `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`)
        .join(',')
        .slice(0, MAX_BODY_BYTES - 10)}`,
      'too_deep',
    ],
    ['a number of 1 MB', `{"messages":${'9'.repeat(1_000_000)}}`, 'validation_failed'],
    [
      '900,001 unknown objects',
      `{"messages":[${JSON.stringify(GOOD)}],"x":[${'{},'.repeat(900_000)}{}]}`,
      'validation_failed',
    ],
    ['900,001 messages', `{"messages":[${'{},'.repeat(900_000)}{}]}`, 'validation_failed'],
    ['900,001 recipients', `{"messages":[{"emails":[${'{},'.repeat(900_000)}{}]}]}`, 'validation_failed'],
  ])('is refused within a moment when it has %s', async (name, body, code) => {
    await probe.post('{}');
    const start = performance.now();
    expectProblem(await probe.post(body), 400, code);
    const elapsed = performance.now() - start;
    process.stdout.write(`${name}: ${elapsed.toFixed(0)} ms\n`);
    expect(elapsed).toBeLessThan(1_000);
  });

  it('is refused one byte above the limit, and taken at it', async () => {
    const frame = JSON.stringify({ messages: [{ ...GOOD, content: '' }] });
    const fill = ' '.repeat(MAX_BODY_BYTES - frame.length);
    expectProblem(await probe.post(frame + fill), 400, 'validation_failed');
    expectProblem(await probe.post(`${frame}${fill} `), 413, 'payload_too_large');
    const chunked = await probe.raw(
      `POST /v1/small HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n` +
        `5000\r\n${' '.repeat(0x5000)}\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1.1 413[^]*payload_too_large/);
  });

  it.each([null, [], 'x', 1, true, {}, { messages: null }, { messages: {} }, { messages: [] }, { messages: 'x' }])(
    'is not valid when it is %j',
    async (body) => {
      const answer = await probe.post(JSON.stringify(body));
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toHaveLength(1);
    },
  );
});
