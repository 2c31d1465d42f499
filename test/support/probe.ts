import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Module, Param, Post, Query } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { expect } from 'vitest';
import { type EdgeSettings, setupApp } from '../../src/app.setup.js';
import { authConfig } from '../../src/config/auth.config.js';
import { createAdapter } from '../../src/http/adapter.js';
import type { ApiKey } from '../../src/http/api-key.verifier.js';
import { HttpModule } from '../../src/http/http.module.js';
import { IdempotencyKey, type Idempotency } from '../../src/http/idempotency.decorator.js';
import { Key } from '../../src/http/key.decorator.js';
import { HoursQuery, IdParam, TopicIdParam } from '../../src/http/params.dto.js';
import { Prefer, type Preferences } from '../../src/http/prefer.js';
import type { Problem } from '../../src/http/problem.js';
import { Public } from '../../src/http/public.decorator.js';
import { BodyLimit } from '../../src/http/route-config.js';
import { CreateMessagesDto, rejectedOf } from '../../src/messages/dto/create-messages.dto.js';
import { AppError } from '../../src/runtime/errors.js';

export const KEY = 'k1-0123456789abcdef';
export const READ_KEY = 'k2-0123456789abcdef';
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** All requests of a test come from one address. */
export const NO_LIMITS = { publicRatePerSecond: 0, refusalsPerSecond: 0, trustedProxies: 0 };

/** A message to which nothing is wrong. */
export const GOOD = { emails: ['a@b.cd'], subject: 'Hello', content: '<p>Hello</p>' };

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

@Module({
  imports: [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [authConfig] }), HttpModule],
  controllers: [ProbeController],
})
class ProbeModule {}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & Partial<Problem>;
}

/** The edge over a few handlers without a service behind them, on a port of its own. */
export class Probe {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly base: string,
  ) {}

  static async start(settings: Partial<EdgeSettings> = {}): Promise<Probe> {
    const keys = [
      { name: 'main', digest: sha256(KEY), readOnly: false },
      { name: 'reader', digest: sha256(READ_KEY), readOnly: true },
    ];
    const module = await Test.createTestingModule({ imports: [ProbeModule] })
      .overrideProvider(authConfig.KEY)
      .useValue({ keys })
      .compile();
    const app = module.createNestApplication<NestFastifyApplication>(createAdapter(), { logger: false });
    app.useLogger(false);
    const defaults = {
      maxBodyBytes: MAX_BODY_BYTES,
      defaultTimezone: 'Europe/Berlin',
      unknownFields: 'refuse',
      ...NO_LIMITS,
    } as const;
    setupApp(app, { ...defaults, ...settings });
    await app.listen(0, '127.0.0.1');
    return new Probe(app, await app.getUrl());
  }

  close(): Promise<void> {
    return this.app.close();
  }

  async call(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.base + path, init);
    const text = await response.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Answer['body'];
    return { status: response.status, headers: response.headers, body };
  }

  /** Strings and bytes go as they are. */
  post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.call('/v1/messages', {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers },
      body: bytes as string,
    });
  }

  /** One good message, but for these fields. */
  postMessage(fields: object, headers?: Record<string, string>): Promise<Answer> {
    return this.post({ messages: [{ ...GOOD, ...fields }] }, headers);
  }

  /** What a socket answers to these bytes, until the server closes it or the pattern was seen. */
  raw(bytes: string | Buffer, { until = /\r\n\r\n[^]*}$/, timeoutMs = 5_000 } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(this.base).port), '127.0.0.1', () => socket.write(bytes));
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
}

export function codesOf(answer: Answer): string[] {
  return (answer.body.errors ?? []).map(({ code }) => code);
}

/** Every error has this shape. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body.status).toBe(status);
  expect(answer.body.error).toBe(answer.body.detail);
  expect(answer.body.timestamp).toMatch(/Z$/);
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
