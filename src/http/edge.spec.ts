import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Module, Param, Post, Query } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setupApp } from '../app.setup.js';
import { authConfig } from '../config/auth.config.js';
import { CreateMessagesDto, rejectedOf } from '../messages/dto/create-messages.dto.js';
import { AppError } from '../runtime/errors.js';
import { createAdapter } from './adapter.js';
import type { ApiKey } from './api-key.verifier.js';
import { HttpModule } from './http.module.js';
import { IdempotencyKey, type Idempotency } from './idempotency.decorator.js';
import { Key } from './key.decorator.js';
import { HoursQuery, IdParam, TopicIdParam } from './params.dto.js';
import { Prefer, type Preferences } from './prefer.js';
import type { Problem } from './problem.js';
import { Public } from './public.decorator.js';
import { BodyLimit } from './route-config.js';

const KEY = 'k1-0123456789abcdef';
const READ_KEY = 'k2-0123456789abcdef';
const MAX_BODY_BYTES = 8 * 1024 * 1024;

@Controller()
class ProbeController {
  @Post('v1/messages')
  @HttpCode(200)
  @BodyLimit('max')
  create(
    @Body() body: CreateMessagesDto,
    @Key() key: ApiKey,
    @Prefer() preferences: Preferences,
    @IdempotencyKey() idempotency: Idempotency | undefined,
  ) {
    return {
      key: key.name,
      preferences,
      idempotency: idempotency && { key: idempotency.key, sha256: idempotency.bodySha256.toString('hex') },
      rejected: rejectedOf(body),
      messages: body.messages.map((message) => ({
        ...message,
        emails: message.emails.addresses.length > 10 ? message.emails.addresses.length : message.emails.addresses,
        positions: message.emails.positions.length > 10 ? undefined : [...message.emails.positions],
        duplicates: message.emails.duplicates,
      })),
    };
  }

  @Post('v1/small')
  small(@Body() body: CreateMessagesDto) {
    return body.messages.length;
  }

  @Get('v1/topics/:topic_id')
  topic(@Param() { topic_id }: TopicIdParam) {
    return { topic_id };
  }

  @Delete('v1/topics/:topic_id')
  remove(@Param() { topic_id }: TopicIdParam) {
    return { topic_id };
  }

  @Get('v1/messages/:id')
  message(@Param() { id }: IdParam) {
    return { id };
  }

  @Get('v1/events/counts/sent')
  sent(@Query() { hours }: HoursQuery) {
    return { hours };
  }

  @Public()
  @Get('v1/events/open')
  open() {
    return { ok: true };
  }

  @Get('v1/broken')
  broken() {
    throw new Error('select secret from /var/lib/passwords');
  }

  @Get('v1/down')
  down() {
    throw Object.assign(new Error('terminating connection'), { code: '57P01' });
  }

  @Get('v1/conflict')
  conflict() {
    throw new AppError('conflict', 'It is leased.', { retryAfterSeconds: 3 });
  }
}

@Module({ imports: [HttpModule], controllers: [ProbeController] })
class ProbeModule {}

let app: NestFastifyApplication;
let base: string;
let port: number;

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ProbeModule] })
    .overrideProvider(authConfig.KEY)
    .useValue({
      keys: [
        { name: 'main', digest: digestOf(KEY), readOnly: false },
        { name: 'reader', digest: digestOf(READ_KEY), readOnly: true },
      ],
    })
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(createAdapter(), { logger: false });
  app.useLogger(false);
  setupApp(app, { maxBodyBytes: MAX_BODY_BYTES, defaultTimezone: 'Europe/Berlin', unknownFields: 'refuse' });
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
  port = Number(new URL(base).port);
});

afterAll(() => app.close());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & Partial<Problem>;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(base + path, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  };
}

const JSON_HEADERS = { 'x-api-key': KEY, 'content-type': 'application/json' };

function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return call('/v1/messages', { method: 'POST', headers: { ...JSON_HEADERS, ...headers }, body: bytes as string });
}

const GOOD = { emails: ['a@b.cd'], subject: 'Hello', content: '<p>Hello</p>' };

function postMessage(message: object, headers?: Record<string, string>): Promise<Answer> {
  return post({ messages: [{ ...GOOD, ...message }] }, headers);
}

/** What a socket answers to these bytes, until the server closes it or the pattern was seen. */
function raw(bytes: string | Buffer, { until = /\r\n\r\n[^]*}$/, timeoutMs = 5_000 } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer but ${JSON.stringify(answer)}`));
    }, timeoutMs);
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (until.test(answer)) finish();
    });
    socket.on('close', finish);
    socket.on('error', finish);
  });
}

function codesOf(answer: Answer): string[] {
  return (answer.body.errors ?? []).map(({ code }) => code);
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body.status).toBe(status);
  expect(answer.body.error).toBe(answer.body.detail);
  expect(answer.body.timestamp).toMatch(/Z$/);
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
}

describe('the key', () => {
  it.each([
    ['none', {}],
    ['empty', { 'x-api-key': '' }],
    ['wrong, of the same length', { 'x-api-key': `x${KEY.slice(1)}` }],
    ['shorter', { 'x-api-key': KEY.slice(1) }],
    ['longer', { 'x-api-key': `${KEY}x` }],
    ['two at once', { 'x-api-key': `${KEY}, ${KEY}` }],
    ['as a bearer token', { authorization: `Bearer ${KEY}` }],
    ['obs-text', { 'x-api-key': `${KEY}é` }],
  ])('%s: 401, always the same', async (_name, headers) => {
    const answer = await call('/v1/messages', {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: '{}',
    });
    expectProblem(answer, 401, 'unauthorized');
    expect(answer.body.detail).toBe('Send a valid key in the header x-api-key.');
  });

  it('is not read from the query', async () => {
    expectProblem(await call(`/v1/conflict?x-api-key=${KEY}`), 401, 'unauthorized');
  });

  it('refuses two headers although one is right', async () => {
    const answer = await raw(`GET /v1/conflict HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\nx-api-key: nope\r\n\r\n`);
    expect(answer).toContain('401 Unauthorized');
  });

  it('is trimmed of the white space that HTTP allows around it', async () => {
    const answer = await raw(`GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key:  ${KEY} \t\r\n\r\n`);
    expect(answer).toContain('200 OK');
  });

  it('that may only read, reads', async () => {
    expect((await call('/v1/topics/x', { headers: { 'x-api-key': READ_KEY } })).status).toBe(200);
    expectProblem(await post({}, { 'x-api-key': READ_KEY }), 403, 'forbidden');
  });

  it('is asked for before the body is read', async () => {
    const head = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    for (const [name, rest] of [
      ['declared and never sent', 'content-length: 33000000\r\n\r\n'],
      ['chunked without an end', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ]) {
      const answer = await raw(head + rest);
      expect(answer, name).toContain('HTTP/1.1 401');
      expect(answer, name).toMatch(/connection: close/i);
    }
  });

  it('is asked for before 100 Continue is said', async () => {
    const head = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n';
    expect(await raw(`${head}content-length: 2\r\n\r\n`)).toMatch(/^HTTP\/1.1 401/);
    const invited = await raw(`${head}x-api-key: ${KEY}\r\ncontent-length: 2\r\n\r\n`, { until: /100 Continue/ });
    expect(invited).toMatch(/^HTTP\/1.1 100 Continue/);
  });

  it('answers an anonymous client that sends 5 MB, and lets it go', async () => {
    const answer = await call('/v1/messages', { method: 'POST', body: 'x'.repeat(5_000_000) });
    expectProblem(answer, 401, 'unauthorized');
  });

  it.each([
    '/v1/messages',
    '/v1/messages/',
    '//v1/messages',
    '/V1/messages',
    '/v1/%6dessages',
    '/v1/x/%2e%2e/messages',
    '/v1/./messages',
    '*',
  ])('guards %s for every method', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'TRACE']) {
      const answer = await raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, { until: /^$/ });
      expect(answer, `${method} ${path}`).toMatch(/^HTTP\/1.1 (400|401|404)/);
    }
  });

  it('is not asked for on a public route, nor for the documents', async () => {
    expect((await call('/v1/events/open')).status).toBe(200);
    expect((await fetch(`${base}/docs`)).status).toBe(200);
    const { body } = await call('/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    expect(JSON.stringify(body)).toContain('x-api-key');
  });
});

describe('routes', () => {
  it.each(['GET', 'PUT', 'HEAD'])('answers %s on a POST route 405 with Allow, to who has a key', async (method) => {
    const answer = await fetch(`${base}/v1/messages`, { method, headers: { 'x-api-key': KEY } });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(answer.headers.get('content-type')).toContain('problem+json');
  });

  it('answers TRACE 405', async () => {
    const answer = await raw(`TRACE /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`);
    expect(answer).toContain('HTTP/1.1 405');
  });

  it('serves HEAD where there is GET', async () => {
    const answer = await fetch(`${base}/v1/topics/x`, { method: 'HEAD', headers: { 'x-api-key': KEY } });
    expect(answer.status).toBe(200);
  });

  it('ignores a method override', async () => {
    expectProblem(await post({}, { 'x-http-method-override': 'GET' }), 400, 'validation_failed');
  });

  it('answers an unknown URL 404, without reading its body', async () => {
    expectProblem(await call('/nope', { method: 'POST', headers: JSON_HEADERS, body: '{' }), 404, 'not_found');
  });

  it.each(['/v1/topics/%zz', '/%', '/v1/topics/%E0%A4%A'])('answers the bad URL %s 400', async (path) => {
    expect(await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400[^]*problem\+json[^]*"code":"bad_request"/,
    );
  });

  it.each([`${'a'.repeat(51)}`, '%00', '%2e%2e%2f', 'a%20b', "'%20OR%201=1--", 'é'])(
    'refuses the topic %s',
    async (topic) => {
      const answer = await call(`/v1/topics/${topic}`, { headers: { 'x-api-key': KEY } });
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toEqual([
        { pointer: '/topic_id', code: 'invalid_topic_id', detail: expect.any(String) as string },
      ]);
    },
  );

  it('reads ~ as the empty topic', async () => {
    expect((await call('/v1/topics/~', { headers: { 'x-api-key': KEY } })).body).toEqual({ topic_id: '' });
  });

  it('takes a UUID in any case, and nothing else, for an id', async () => {
    const id = '0190A0B0-1111-7222-8333-444455556666';
    const headers = { 'x-api-key': KEY };
    expect((await call(`/v1/messages/${id}`, { headers })).body['id']).toBe(id.toLowerCase());
    expectProblem(await call('/v1/messages/7', { headers }), 400, 'validation_failed');
  });

  it.each(['hours=', 'hours=0', 'hours=169', 'hours=1.5', 'hours=1e1', 'hours=1&hours=2', 'sort=(select 1)'])(
    'refuses the query %s',
    async (query) => {
      const answer = await call(`/v1/events/counts/sent?${query}`, { headers: { 'x-api-key': KEY } });
      expectProblem(answer, 400, 'validation_failed');
    },
  );

  it('counts 24 hours unless told', async () => {
    const headers = { 'x-api-key': KEY };
    expect((await call('/v1/events/counts/sent', { headers })).body).toEqual({ hours: 24 });
    expect((await call('/v1/events/counts/sent?hours=168', { headers })).body).toEqual({ hours: 168 });
  });

  it('takes a DELETE with a content type and no body', async () => {
    expect((await call('/v1/topics/x', { method: 'DELETE', headers: JSON_HEADERS })).status).toBe(200);
  });
});

describe('errors', () => {
  const headers = { 'x-api-key': KEY };

  it('never shows the text of a fault of ours', async () => {
    const answer = await call('/v1/broken', { headers });
    expectProblem(answer, 500, 'internal_error');
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|passwords/);
  });

  it('says that the database is away, and when to come back', async () => {
    const answer = await call('/v1/down', { headers });
    expectProblem(answer, 503, 'database_unavailable');
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it('passes on what a service throws', async () => {
    const answer = await call('/v1/conflict', { headers });
    expectProblem(answer, 409, 'conflict');
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(answer.body.detail).toBe('It is leased.');
  });

  it('gives every answer an id of its own', async () => {
    const first = await call('/v1/topics/x', { headers: { ...headers, 'x-request-id': 'mine' } });
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['a broken request line', 'NONSENSE\r\n\r\n', 400],
    ['a negative length', `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`, 400],
    ['NUL in a header', `GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\0\r\n\r\n`, 400],
    ['a key of 20 KB', `GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${'k'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
  ])('answers %s with a problem', async (_name, bytes, status) => {
    expect(await raw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status}[^]*problem\\+json[^]*"request_id"`));
  });
});

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
      await post(JSON.stringify({ messages: [GOOD] }), { 'content-type': type }),
      415,
      'unsupported_media_type',
    );
  });

  it('is refused without a content type', async () => {
    const answer = await raw(
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-length: 2\r\n\r\n{}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 415[^]*unsupported_media_type/);
  });

  it.each(['application/json;charset=UTF-8', 'Application/JSON; charset="utf-8"', 'application/json; x=y'])(
    'is taken as %s',
    async (type) => {
      expect((await post({ messages: [GOOD] }, { 'content-type': type })).status).toBe(200);
    },
  );

  it.each(['gzip', 'br', 'gzip, gzip', 'deflate'])('is refused in the encoding %s', async (encoding) => {
    expectProblem(await post({ messages: [GOOD] }, { 'content-encoding': encoding }), 415, 'unsupported_encoding');
  });

  it('is taken in the identity encoding', async () => {
    expect((await post({ messages: [GOOD] }, { 'content-encoding': 'identity' })).status).toBe(200);
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
    expectProblem(await post(body), 400, 'malformed_json');
  });

  it('may begin with a byte order mark', async () => {
    expect((await post(`\ufeff${JSON.stringify({ messages: [GOOD] })}`)).status).toBe(200);
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
    await post('{}');
    const start = performance.now();
    expectProblem(await post(body), 400, code);
    const elapsed = performance.now() - start;
    process.stdout.write(`${name}: ${elapsed.toFixed(0)} ms\n`);
    expect(elapsed).toBeLessThan(1_000);
  });

  it('is refused one byte above the limit, and taken at it', async () => {
    const frame = JSON.stringify({ messages: [{ ...GOOD, content: '' }] });
    const fill = ' '.repeat(MAX_BODY_BYTES - frame.length);
    expectProblem(await post(frame + fill), 400, 'validation_failed');
    expectProblem(await post(`${frame}${fill} `), 413, 'payload_too_large');
    const chunked = await raw(
      `POST /v1/small HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n` +
        `5000\r\n${' '.repeat(0x5000)}\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1.1 413[^]*payload_too_large/);
  });

  it.each([null, [], 'x', 1, true, {}, { messages: null }, { messages: {} }, { messages: [] }, { messages: 'x' }])(
    'is not valid when it is %j',
    async (body) => {
      const answer = await post(JSON.stringify(body));
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toHaveLength(1);
    },
  );
});

describe('messages', () => {
  it.each([
    ['101 items', Array.from({ length: 101 }, () => GOOD), '/messages', 'too_many'],
    ['null', [null], '/messages/0', 'invalid_type'],
    ['an array', [GOOD, []], '/messages/1', 'invalid_type'],
    ['a string', ['x'], '/messages/0', 'invalid_type'],
    ['an object with a length', { length: 1, 0: {} }, '/messages', 'invalid_type'],
  ])('refuses %s', async (_name, messages, pointer, code) => {
    const answer = await post({ messages });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) as string }]);
  });

  it.each([
    ['schedule_at', 'scheduled_at'],
    ['topicid', 'topic_id'],
    ['to', 'emails'],
    ['cc', 'emails'],
    ['Subject', 'subject'],
    ['contnet', 'content'],
  ])('refuses the field %s and names %s', async (field, meant) => {
    const answer = await postMessage({ [field]: 'x' });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual([
      {
        pointer: `/messages/0/${field}`,
        code: 'unknown_field',
        detail: `is not a known field; did you mean "${meant}"?`,
      },
    ]);
  });

  it.each([
    'text',
    'from',
    'reply_to',
    'headers',
    'tags',
    'expires_at',
    'variables',
    'hasOwnProperty',
    'toString',
    'a/b~c',
  ])('refuses the field %s', async (field) => {
    expect(codesOf(await postMessage({ [field]: {} }))).toEqual(['unknown_field']);
  });

  it('refuses an unknown field beside messages', async () => {
    const answer = await post({ messages: [GOOD], dry_run: true });
    expect(answer.body.errors?.[0]).toMatchObject({ pointer: '/dry_run', code: 'unknown_field' });
  });

  it('lists the errors of all messages in one answer, 100 at most', async () => {
    const bad = { emails: ['x', 'a@b.cd', 'y'], subject: '', content: 7 };
    const answer = await post({ messages: Array.from({ length: 50 }, () => bad) });
    expect(answer.body.errors).toHaveLength(100);
    expect(answer.body.errors?.slice(0, 4).map(({ pointer }) => pointer)).toEqual([
      '/messages/0/emails/0',
      '/messages/0/emails/2',
      '/messages/0/subject',
      '/messages/0/content',
    ]);
  });
});

describe('topic_id', () => {
  it.each(['x'.repeat(51), 'a b', '../x', 'é', 'a\n', 7, {}, "a'--", ['x']])('refuses %j', async (topic_id) => {
    const answer = await postMessage({ topic_id });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors?.[0].pointer).toBe('/messages/0/topic_id');
  });

  it.each([{}, { topic_id: null }, { topic_id: '' }, { topicId: '' }])('reads %j as the empty topic', async (given) => {
    const answer = await postMessage(given);
    expect(answer.body['messages']).toMatchObject([{ topic_id: '' }]);
  });

  it('has an alias, which points to itself in errors, and is not taken beside it', async () => {
    expect((await postMessage({ topicId: 'news' })).body['messages']).toMatchObject([{ topic_id: 'news' }]);
    expect((await postMessage({ topicId: 'a b' })).body.errors?.[0].pointer).toBe('/messages/0/topicId');
    const both = await postMessage({ topicId: 'a', topic_id: 'a' });
    expect(both.body.errors).toMatchObject([{ pointer: '/messages/0/topicId', code: 'duplicate_field' }]);
  });
});

describe('emails', () => {
  it.each([
    [undefined, 'required'],
    [null, 'invalid_type'],
    [[], 'too_few'],
    [Array.from({ length: 1_001 }, () => 'a@b.cd'), 'too_many'],
    ['a@b.cd', 'invalid_type'],
    [{ length: 1, 0: 'a@b.cd' }, 'invalid_type'],
  ])('refuses %.30j', async (emails, code) => {
    const answer = await postMessage({ emails });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/messages/0/emails', code }]);
  });

  it.each([null, ['a@b.cd'], 7, {}, { email: null }, { email: 'a@b.cd', variables: {} }, { address: 'a@b.cd' }])(
    'refuses the element %j',
    async (element) => {
      const answer = await postMessage({ emails: ['x@y.zz', element] });
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors?.[0].pointer).toBe('/messages/0/emails/1');
    },
  );

  it('merges duplicates, and says which element is which', async () => {
    const answer = await postMessage({ emails: ['A@b.cd', { email: ' A@B.CD ' }, 'a@b.cd', 'A@b.cd'] });
    expect(answer.body['messages']).toMatchObject([
      { emails: ['A@b.cd', 'a@b.cd'], positions: [0, 0, 1, 0], duplicates: 2 },
    ]);
  });

  it('takes the good ones when it may be lenient, and refuses a message that has none', async () => {
    const lenient = { prefer: 'respond-async, handling=lenient; x=1, return=representation' };
    const answer = await postMessage({ emails: ['x', 'a@b.cd', 'y', 'a@b.cd'] }, lenient);
    expect(answer.status).toBe(200);
    expect(answer.body['messages']).toMatchObject([{ emails: ['a@b.cd'], positions: [-1, 0, -1, 0], duplicates: 1 }]);
    expect(answer.body['rejected']).toMatchObject([
      { pointer: '/messages/0/emails/0', code: 'invalid_email' },
      { pointer: '/messages/0/emails/2', code: 'invalid_email' },
    ]);
    expect(answer.body['preferences']).toEqual({ lenient: true, representation: true });
    expectProblem(await postMessage({ emails: ['x'] }, lenient), 400, 'validation_failed');
    expectProblem(await postMessage({ emails: ['x', 'a@b.cd'] }), 400, 'validation_failed');
  });

  it('refuses 50 KB that call themselves an address', async () => {
    expect(codesOf(await postMessage({ emails: ['a'.repeat(50_000) + '@b.cd'] }))).toEqual(['invalid_email']);
  });

  it('takes the documented maximum in one request', async () => {
    const body = JSON.stringify({
      messages: Array.from({ length: 100 }, (_, i) => ({
        ...GOOD,
        emails: Array.from({ length: 1_000 }, (_, j) => `recipient.number.${i}.${j}@example-${j % 50}.com`),
      })),
    });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      expect((await post(body)).status).toBe(200);
      times.push(performance.now() - start);
    }
    const median = times.sort((a, b) => a - b)[2];
    process.stdout.write(`100 x 1,000 recipients, ${(body.length / 1e6).toFixed(1)} MB: ${median.toFixed(0)} ms\n`);
  });
});

describe('subject and content', () => {
  it.each([
    [{ subject: undefined }, 'required'],
    [{ subject: null }, 'invalid_type'],
    [{ subject: '' }, 'required'],
    [{ subject: '   ' }, 'required'],
    [{ subject: 'x'.repeat(256) }, 'too_long'],
    [{ subject: 7 }, 'invalid_type'],
    [{ subject: 'x\r\nBcc: e@v.il' }, 'invalid_characters'],
    [{ subject: 'x\n' }, 'invalid_characters'],
    [{ subject: 'x\u2028y' }, 'invalid_characters'],
    [{ subject: 'x\u0085y' }, 'invalid_characters'],
    [{ subject: 'x\u0000y' }, 'invalid_characters'],
    [{ subject: 'x\ud800y' }, 'invalid_characters'],
    [{ content: undefined }, 'required'],
    [{ content: null }, 'invalid_type'],
    [{ content: '' }, 'required'],
    [{ content: 'x'.repeat(65_536) }, 'too_long'],
    [{ content: 'x\u0000' }, 'invalid_characters'],
    [{ content: '\udc00' }, 'invalid_characters'],
    [{ content: {} }, 'invalid_type'],
  ])('refuses %.40j', async (fields, code) => {
    const answer = await postMessage(fields);
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: `/messages/0/${Object.keys(fields)[0]}`, code }]);
  });

  it('counts code points, and trims the subject', async () => {
    expect((await postMessage({ subject: '😀'.repeat(255) })).status).toBe(200);
    expect((await postMessage({ content: '😀'.repeat(65_535) })).status).toBe(200);
    expect(codesOf(await postMessage({ content: '😀'.repeat(65_536) }))).toEqual(['too_long']);
    expect((await postMessage({ subject: '  Hello  ' })).body['messages']).toMatchObject([{ subject: 'Hello' }]);
  });

  it('takes any HTML', async () => {
    const content = '<script>\n</b>\t<body>';
    expect((await postMessage({ content })).body['messages']).toMatchObject([{ content }]);
  });
});

describe('scheduled_at', () => {
  it.each([
    '',
    'tomorrow',
    '2024-12-25',
    '2026-02-30T00:00:00Z',
    '2030-01-01T25:00Z',
    '2016-12-31T23:59:60Z',
    1_900_000_000,
    '+99999-01-01T00:00:00Z',
    {},
  ])('refuses %j', async (scheduled_at) => {
    const answer = await postMessage({ scheduled_at });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/messages/0/scheduled_at', code: 'invalid_datetime' }]);
  });

  it('refuses what is too far off either way', async () => {
    const at = (offset: number) => new Date(Date.now() + offset).toISOString();
    expect(codesOf(await postMessage({ scheduled_at: at(-3_601_000) }))).toEqual(['too_past']);
    expect(codesOf(await postMessage({ scheduled_at: at(366 * 86_400_000) }))).toEqual(['too_far']);
    expect((await postMessage({ scheduled_at: at(-3_500_000) })).status).toBe(200);
  });

  it('takes null, an offset, and the alias, whose empty string is nothing', async () => {
    const time = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 86_400_000);
    const shifted = new Date(time.getTime() + 14 * 3_600_000).toISOString().slice(0, 16);
    expect((await postMessage({ scheduled_at: null })).body['messages']).toMatchObject([{ scheduled_at: null }]);
    expect((await postMessage({ scheduledAt: '' })).body['messages']).toMatchObject([{ scheduled_at: null }]);
    for (const field of ['scheduled_at', 'scheduledAt']) {
      const answer = await postMessage({ [field]: `${shifted}+14:00` });
      expect(answer.body['messages']).toMatchObject([{ scheduled_at: time.toISOString() }]);
    }
  });
});

describe('Idempotency-Key', () => {
  it('comes with the digest of the bytes', async () => {
    const body = ` ${JSON.stringify({ messages: [GOOD] })}`;
    const answer = await post(body, { 'idempotency-key': 'order 1' });
    expect(answer.body['idempotency']).toEqual({
      key: 'order 1',
      sha256: createHash('sha256').update(body).digest('hex'),
    });
  });

  it.each(['', 'x'.repeat(256), 'a\tb', '""'])('refuses %.10j', async (key) => {
    expectProblem(await post({ messages: [GOOD] }, { 'idempotency-key': key }), 400, 'idempotency_key_invalid');
  });

  it('refuses two', async () => {
    const body = JSON.stringify({ messages: [GOOD] });
    const answer = await raw(
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\nidempotency-key: a\r\nidempotency-key: b\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400[^]*idempotency_key_invalid/);
  });
});
