import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstBytes } from '../support/raw-http.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const BODY = JSON.stringify({ messages: [{ emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>' }] });
const LENGTH = `content-length: ${BODY.length}\r\n`;
const JSON_TYPE = 'content-type: application/json\r\n';
const KEY = `x-api-key: ${API_KEY}\r\n`;

/** A submission as bytes, of which these header lines and this body are part. */
function submission(headers: string, body = BODY): string {
  return `POST /v1/messages HTTP/1.1\r\nhost: x\r\n${headers}\r\n${body}`;
}

function get(path: string, headers = KEY): string {
  return `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
}

/** What an HTTP client would tidy up, or refuse to send at all. */
describe('bytes that no client sends', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start();
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(gateway.output).not.toMatch(/internal_error|request \S+ failed/);
    await stack.stop();
  });

  async function stored(): Promise<number> {
    const [{ count }] = await stack.query<{ count: number }>('SELECT count(*)::int AS count FROM emails');
    return count;
  }

  it.each<[string, string, number, string]>([
    ['an empty key', submission(`x-api-key:\r\n${JSON_TYPE}${LENGTH}`), 401, 'unauthorized'],
    ['two keys, one of them right', submission(`${KEY}x-api-key: x\r\n${JSON_TYPE}${LENGTH}`), 401, 'unauthorized'],
    ['the right key twice', submission(KEY + KEY + JSON_TYPE + LENGTH), 401, 'unauthorized'],
    ['a key with a byte above ASCII', submission(`x-api-key: ${API_KEY}\xe9\r\n${LENGTH}`), 401, 'unauthorized'],
    ['a key with NUL', submission(`x-api-key: ${API_KEY}\0\r\n${LENGTH}`), 400, 'bad_request'],
    ['a key of 20 KB', submission(`x-api-key: ${'k'.repeat(20_000)}\r\n`), 431, 'headers_too_large'],
    ['a URL of 20 KB', get(`/v1/topics/${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
    ['a part of a path of 2 KB', get(`/v1/topics/${'x'.repeat(2_000)}`), 414, 'uri_too_long'],
    ['a method in lower case', submission(KEY).replace('POST', 'post'), 400, 'bad_request'],
    ['TRACE', get('/v1/messages').replace('GET', 'TRACE'), 405, 'method_not_allowed'],
    ['CONNECT', get('x:443').replace('GET', 'CONNECT'), 400, 'bad_request'],
    ['a version of HTTP that is none', get('/health').replace('1.1', '9.9'), 400, 'bad_request'],
    ['a URL in bytes above ASCII', get('/v1/events/open?requestId=\xff'), 400, 'bad_request'],
    ['no host', get('/v1/topics').replace('host: x\r\n', ''), 400, 'bad_request'],
    ['a length that is negative', submission(`${KEY}${JSON_TYPE}content-length: -1\r\n`), 400, 'bad_request'],
    ['a length with a sign', submission(`${KEY}${JSON_TYPE}content-length: +${BODY.length}\r\n`), 400, 'bad_request'],
    ['a length in hexadecimal', submission(`${KEY}${JSON_TYPE}content-length: 0x10\r\n`), 400, 'bad_request'],
    ['two lengths', submission(`${KEY}${JSON_TYPE}${LENGTH}content-length: 1\r\n`), 400, 'bad_request'],
    ['a length and chunks', submission(`${KEY}${LENGTH}transfer-encoding: chunked\r\n`), 400, 'bad_request'],
    [
      'chunks that are not the last encoding',
      submission(`${KEY}transfer-encoding: chunked, x\r\n`),
      400,
      'bad_request',
    ],
    [
      'a chunk of no size',
      submission(`${KEY}${JSON_TYPE}transfer-encoding: chunked\r\n`, 'zz\r\n'),
      400,
      'bad_request',
    ],
    ['a space before a colon', submission(`${KEY}content-length : 2\r\n`), 400, 'bad_request'],
    [
      'a header folded over two lines',
      submission(`${KEY}x-a: b\r\n c: d\r\n${JSON_TYPE}${LENGTH}`),
      400,
      'bad_request',
    ],
    ['lines that end without a return', submission(KEY + LENGTH).replaceAll('\r\n', '\n'), 400, 'bad_request'],
    ['a line that ends in a return alone', submission(`${KEY}x-a: b\rx-b: c\r\n${LENGTH}`), 400, 'bad_request'],
    ['nonsense', 'NONSENSE\r\n\r\n', 400, 'bad_request'],
    ['the greeting of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'bad_request'],
    ['a content type that is a tab', submission(`${KEY}content-type: \t\r\n${LENGTH}`), 415, 'unsupported_media_type'],
    ['UTF-16', submission(`${KEY}${JSON_TYPE}content-length: 4\r\n`, '\xff\xfe{\0'), 400, 'malformed_json'],
    [
      'a byte that is not UTF-8',
      submission(`${KEY}${JSON_TYPE}content-length: 4\r\n`, '{"\xff"'),
      400,
      'malformed_json',
    ],
  ])('%s: a problem, and nothing is stored', async (_name, bytes, status, code) => {
    const before = await stored();
    const answer = await firstBytes(gateway.url, Buffer.from(bytes, 'latin1'));
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/\r\ncontent-type: application\/problem\+json/i);
    const problem = JSON.parse(body) as { code: string; request_id: string };
    expect(problem).toMatchObject({ status, code });
    expect(head).toContain(problem.request_id);
    expect(await stored()).toBe(before);
  });

  it.each<[string, string]>([
    ['white space around the key', submission(`x-api-key: \t${API_KEY} \t\r\n${JSON_TYPE}${LENGTH}`)],
    [
      'chunks',
      submission(
        `${KEY}${JSON_TYPE}transfer-encoding: chunked\r\n`,
        `${BODY.length.toString(16)};x=y\r\n${BODY}\r\n0\r\n\r\n`,
      ),
    ],
    ['an absolute URL', submission(KEY + JSON_TYPE + LENGTH).replace('/v1', 'http://elsewhere/v1')],
    ['another method in a header', submission(`${KEY}${JSON_TYPE}${LENGTH}x-http-method-override: DELETE\r\n`)],
    ['an expectation that nobody knows', submission(`${KEY}${JSON_TYPE}${LENGTH}expect: 200-maybe\r\n`)],
  ])('%s: a submission like any other', async (_name, bytes) => {
    const before = await stored();
    expect(await firstBytes(gateway.url, Buffer.from(bytes, 'latin1'))).toMatch(/^HTTP\/1.1 200 /);
    expect(await stored()).toBe(before + 1);
  });

  it.each<[string, string, RegExp]>([
    ['a range', get('/v1/events/open', 'range: bytes=0-0\r\n'), /^HTTP\/1.1 200 [^]*image\/png/],
    ['the wish for a page', get('/v1/events/open', 'accept: text/html\r\n'), /^HTTP\/1.1 200 [^]*image\/png/],
    ['a POST', get('/v1/events/open', '').replace('GET', 'POST'), /^HTTP\/1.1 404 [^]*"not_found"/],
    ['a query that cannot be decoded', get('/v1/events/open?requestId=%zz%', ''), /^HTTP\/1.1 200 [^]*image\/png/],
  ])('%s of the pixel is answered as the pixel is', async (_name, bytes, expected) => {
    expect(await firstBytes(gateway.url, Buffer.from(bytes, 'latin1'))).toMatch(expected);
  });

  it('a HEAD that cannot be read is answered without a body, which would be taken for another answer', async () => {
    const bytes = Buffer.from(get('/v1/topics/\xe9').replace('GET', 'HEAD'), 'latin1');
    expect(await firstBytes(gateway.url, bytes)).toMatch(
      /^HTTP\/1.1 400 [^]*\r\ncontent-length: [1-9]\d*[^]*\r\n\r\n$/,
    );
  });

  it('health tells nothing more to who asks for more', async () => {
    for (const path of ['/health', '/health/live', '/health/ready']) {
      const answer = await (await fetch(`${gateway.url}${path}?verbose=1&details=true`)).text();
      expect(answer).not.toMatch(/\d+\.\d+\.\d+|postgres:|nats:|127\.0\.0\.1|test_/);
    }
  });
});
