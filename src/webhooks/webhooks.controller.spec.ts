import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NO_LIMITS } from '../../test/support/probe.js';
import { createSigningCertificate } from '../../simulator/certificate.js';
import { signSns } from '../../simulator/sns-signer.js';
import { setupApp } from '../app.setup.js';
import { authConfig } from '../config/auth.config.js';
import { webhooksConfig } from '../config/webhooks.config.js';
import { createAdapter } from '../http/adapter.js';
import { HttpModule } from '../http/http.module.js';
import type { ParsedSesEvent } from './ses-event.js';
import { SesEventSink } from './ses-event.sink.js';
import { WebhooksModule } from './webhooks.module.js';

const ARN = 'arn:aws:sns:eu-west-1:123456789012:ses-events';
const FIXTURES = new URL('../../test/fixtures/ses/', import.meta.url);
const signer = createSigningCertificate();

class RecordingSink extends SesEventSink {
  readonly events: { event: ParsedSesEvent; snsMessageId: string }[] = [];
  fault: Error | undefined;

  async record(event: ParsedSesEvent, snsMessageId: string): Promise<'recorded'> {
    if (this.fault !== undefined) throw this.fault;
    this.events.push({ event, snsMessageId });
    return 'recorded';
  }
}

const sink = new RecordingSink();
const confirmations: string[] = [];
let certDir: string;
let sns: Server;
let app: NestFastifyApplication;
let base: string;

@Global()
@Module({ providers: [{ provide: SesEventSink, useValue: sink }], exports: [SesEventSink] })
class SinkModule {}

beforeAll(async () => {
  certDir = mkdtempSync(join(tmpdir(), 'pins-'));
  writeFileSync(join(certDir, 'SimpleNotificationService-a1.pem'), signer.certificatePem);
  sns = createServer((request, response) => {
    confirmations.push(request.url ?? '');
    response.end('<ConfirmSubscriptionResponse/>');
  });
  await new Promise<void>((resolve) => sns.listen(0, '127.0.0.1', resolve));
  const snsEndpoint = `http://127.0.0.1:${(sns.address() as AddressInfo).port}`;
  const config = ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [authConfig, webhooksConfig] });
  const module = await Test.createTestingModule({ imports: [config, HttpModule, SinkModule, WebhooksModule] })
    .overrideProvider(authConfig.KEY)
    .useValue({ keys: [] })
    .overrideProvider(webhooksConfig.KEY)
    .useValue({ topicArns: [ARN], certDir, snsEndpoint })
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(createAdapter(), { logger: false });
  setupApp(app, { maxBodyBytes: 1024 * 1024, defaultTimezone: 'UTC', unknownFields: 'refuse', ...NO_LIMITS });
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  sns.close();
  rmSync(certDir, { recursive: true });
});

beforeEach(() => {
  sink.events.length = 0;
  sink.fault = undefined;
  confirmations.length = 0;
});

function signed(message: Record<string, string>, version: '1' | '2' = '2'): Record<string, string> {
  const envelope = {
    Type: 'Notification',
    MessageId: crypto.randomUUID(),
    TopicArn: ARN,
    Message: '{}',
    Timestamp: new Date().toISOString(),
    SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a1.pem',
    UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe',
  };
  return signSns({ ...envelope, ...message }, signer.privateKey, version);
}

async function post(body: unknown, type = 'text/plain; charset=UTF-8') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${base}/v1/events/results`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: text,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Headers exactly as given: fetch would add a content type. */
async function postRaw(headers: string, body: string): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.write(`POST /v1/events/results HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}\r\n${body}`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('a notification', () => {
  const files = readdirSync(FIXTURES).filter((file) => /^(event|feedback)-/.test(file));

  it.each(files)('of %s is recorded, in both versions of the signature', async (file) => {
    const message = signed({ Message: readFileSync(new URL(file, FIXTURES), 'utf8'), Subject: 'Amazon SES' });
    expect(await post(message)).toEqual({ status: 200, body: { status: 'recorded' } });
    expect(await post(signed({ Message: message['Message'] }, '1'))).toMatchObject({ status: 200 });
    expect(sink.events).toHaveLength(2);
    expect(sink.events[0]).toMatchObject({
      snsMessageId: message['MessageId'],
      event: { raw: JSON.parse(message['Message']) as unknown },
    });
  });

  it.each([
    readFileSync(new URL('note-validated.txt', FIXTURES), 'utf8'),
    readFileSync(new URL('note-subscription-succeeded.json', FIXTURES), 'utf8'),
    '{}',
    '{"eventType":"Send"}',
  ])('that says nothing of a mail is ignored: %s', async (Message) => {
    expect(await post(signed({ Message }))).toEqual({ status: 200, body: { status: 'ignored' } });
    expect(sink.events).toEqual([]);
  });

  it('is to be sent again while the database is away', async () => {
    sink.fault = Object.assign(new Error('terminating connection'), { code: '57P01' });
    const Message = '{"eventType":"Send","mail":{"messageId":"m"}}';
    expect(await post(signed({ Message }))).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
  });

  it('that was tampered with is refused', async () => {
    const message = signed({ Message: '{"eventType":"Send","mail":{"messageId":"m"}}' });
    const answers = [
      { ...message, Message: '{"eventType":"Bounce","mail":{"messageId":"m"}}' },
      { ...message, SigningCertURL: 'https://evil.example/SimpleNotificationService-a1.pem' },
      { ...message, Signature: 'AAAA' },
      { ...message, Signature: undefined },
      signed({ TopicArn: `${ARN}2` }),
    ].map((tampered) => post(tampered));
    for (const { status, body } of await Promise.all(answers)) {
      expect({ status, ...body, request_id: '', timestamp: '' }).toEqual({
        type: 'urn:problem:sns_signature_invalid',
        title: 'The SNS message is not accepted',
        status: 403,
        detail: 'The SNS message is not accepted',
        code: 'sns_signature_invalid',
        error: 'The SNS message is not accepted',
        request_id: '',
        timestamp: '',
      });
    }
    expect(sink.events).toEqual([]);
  });
});

describe('a change of the subscription', () => {
  const change = { Token: 'token', SubscribeURL: 'http://169.254.169.254/' };

  it('is confirmed with SNS, each time it is asked for', async () => {
    const message = signed({ Type: 'SubscriptionConfirmation', ...change });
    for (let i = 0; i < 2; i++) expect(await post(message)).toEqual({ status: 200, body: { status: 'confirmed' } });
    const query = `Action=ConfirmSubscription&Version=2010-03-31&TopicArn=${encodeURIComponent(ARN)}&Token=token`;
    expect(confirmations).toEqual([`/?${query}`, `/?${query}`]);
  });

  it('that ends it is acknowledged and never undone', async () => {
    const message = signed({ Type: 'UnsubscribeConfirmation', ...change });
    expect(await post(message)).toEqual({ status: 200, body: { status: 'ignored' } });
    expect(confirmations).toEqual([]);
  });

  it('of an unknown topic is refused before SNS is called', async () => {
    const message = signed({ Type: 'SubscriptionConfirmation', ...change, TopicArn: `${ARN}2` });
    expect(await post(message)).toMatchObject({ status: 403 });
    expect(await post({ ...signed({ Type: 'SubscriptionConfirmation', ...change }), Token: 'x' })).toMatchObject({
      status: 403,
    });
    expect(confirmations).toEqual([]);
  });
});

describe('the body', () => {
  it.each(['text/plain', 'TEXT/PLAIN;charset=utf-8', 'application/json', 'application/json; charset=UTF-8'])(
    'is taken as %s',
    async (type) => {
      expect(await post(signed({}), type)).toMatchObject({ status: 200 });
    },
  );

  it('is taken without a content type', async () => {
    const body = JSON.stringify(signed({}));
    expect(await postRaw(`content-length: ${body.length}\r\n`, body)).toContain('{"status":"ignored"}');
  });

  it.each([
    'application/xml',
    'text/plain2',
    'text/html',
    'application/x-www-form-urlencoded',
    'text/plain; charset=utf-16',
  ])('is refused as %s', async (type) => {
    expect(await post(signed({}), type)).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it.each(['{', '[]', 'null', '{"Type":"Notification"}', JSON.stringify({ ...signed({}), Type: 'Other' })])(
    'is refused where it is not of SNS: %s',
    async (body) => {
      expect(await post(body)).toMatchObject({ status: 400, body: { code: 'not_sns' } });
    },
  );

  it('is refused where there is none', async () => {
    expect(await post('')).toMatchObject({ status: 400 });
    expect(await postRaw('content-length: 0\r\n', '')).toContain('HTTP/1.1 400');
  });

  it('has 512 KiB at most', async () => {
    const Message = 'x'.repeat(400 * 1024);
    expect(await post(signed({ Message }))).toMatchObject({ status: 200 });
    expect(await post('x'.repeat(512 * 1024 + 1))).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });
});
