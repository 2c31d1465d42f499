import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSigningCertificate } from '../../../simulator/certificate.js';
import { useAwsEndpoint } from '../../../test/support/aws-environment.js';
import { aMail } from '../../../test/support/mails.js';
import { classifySesFailure } from './ses-failure.js';
import { SesTransport } from './ses.transport.js';
import { type FailureKind, type Mail, TransportError } from './transport.js';

const SHORT = { connectionMs: 300, requestMs: 300 };
const LONG = { connectionMs: 9_000, requestMs: 9_000 };

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function transportTo(url: string, timeouts = SHORT): SesTransport {
  useAwsEndpoint(url);
  const transport = new SesTransport({ configurationSet: 'events', fromEmail: aMail().from, timeouts });
  closers.push(() => transport.close());
  return transport;
}

/** A server that answers each request by the handler, once the body is there. */
async function setup(handler: Handler, timeouts = SHORT) {
  const requests: string[] = [];
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push(body);
      handler(request, response, body);
    });
  });
  const port = await listen(server);
  return { requests, port, transport: transportTo(`http://127.0.0.1:${port}`, timeouts) };
}

function answer(status: number, type?: string, body = '{"message":"no"}'): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...(type ? { 'x-amzn-errortype': type } : {}) });
    response.end(body);
  };
}

async function failureOf(sending: Promise<unknown>): Promise<TransportError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransportError);
  return error as TransportError;
}

describe('an answer of SES', () => {
  it.each<[number, string | undefined, FailureKind]>([
    [429, 'TooManyRequestsException', 'throttled'],
    [400, 'ThrottlingException', 'throttled'],
    [400, 'RequestThrottledException', 'throttled'],
    [429, undefined, 'throttled'],
    [429, 'SomethingNewException', 'throttled'],
    [400, 'LimitExceededException', 'throttled'],
    [400, 'AccountSuspendedException', 'unavailable'],
    [400, 'SendingPausedException', 'unavailable'],
    [400, 'MailFromDomainNotVerifiedException', 'temporary'],
    [404, 'NotFoundException', 'unavailable'],
    [403, 'AccessDeniedException', 'unavailable'],
    [403, 'SignatureDoesNotMatch', 'unavailable'],
    [403, 'InvalidAccessKeyId', 'unavailable'],
    [400, 'ExpiredTokenException', 'unavailable'],
    [400, 'UnrecognizedClientException', 'unavailable'],
    [403, undefined, 'unavailable'],
    [404, undefined, 'unavailable'],
    [301, undefined, 'unavailable'],
    [400, 'MessageRejected', 'permanent'],
    [400, 'BadRequestException', 'permanent'],
    [413, undefined, 'permanent'],
    [400, 'SomethingNewException', 'temporary'],
    [400, undefined, 'temporary'],
    [408, undefined, 'temporary'],
    [409, 'ConflictException', 'temporary'],
    [400, 'constructor', 'temporary'],
    [500, 'InternalServiceErrorException', 'temporary'],
    [503, 'ServiceUnavailable', 'temporary'],
    [500, undefined, 'temporary'],
    [502, undefined, 'ambiguous'],
    [504, undefined, 'ambiguous'],
  ])('%i %s is classified as %s', async (status, type, kind) => {
    const { requests, transport } = await setup(answer(status, type));
    expect((await failureOf(transport.send(aMail()))).kind).toBe(kind);
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['is not JSON', '<html>'],
    ['names no message', '{}'],
  ])('that accepts but %s is ambiguous', async (_what, body) => {
    const { transport } = await setup(answer(200, undefined, body));
    expect((await failureOf(transport.send(aMail()))).kind).toBe('ambiguous');
  });

  it.each<[string, Partial<Mail>]>([
    ['a sender of its own', { from: 'other@example.com' }],
    ['Content.Raw', { subject: 'What is =?utf-8?Q?x?=' }],
  ])('that denies rights to a mail with %s concerns that mail alone', async (_what, fields) => {
    const { transport } = await setup(answer(403, 'AccessDeniedException'));
    expect((await failureOf(transport.send(aMail(fields)))).kind).toBe('temporary');
  });

  it.each(['Daily message quota exceeded.', 'Maximum sending rate exceeded.', 'Email address is not verified.'])(
    'is classified without its text, such as %j',
    async (message) => {
      const { transport } = await setup(answer(400, 'MessageRejected', JSON.stringify({ message })));
      expect((await failureOf(transport.send(aMail()))).kind).toBe('permanent');
    },
  );

  it('with a name is the reason', async () => {
    const { transport } = await setup(answer(400, 'MessageRejected', '{"message":"Email address is not verified."}'));
    const { reason } = await failureOf(transport.send(aMail()));
    expect(reason).toBe('ses; 400 MessageRejected Email address is not verified.');
  });
});

describe('no answer', () => {
  it.each<[string, Handler]>([
    ['the connection is reset after the request', (request) => request.socket.resetAndDestroy()],
    ['the connection is closed after the request', (request) => request.socket.end()],
    ['nothing comes', () => undefined],
    [
      'the answer breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"Mess', () => response.destroy());
      },
    ],
    [
      'the answer stops',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"Mess');
      },
    ],
  ])('is ambiguous when %s', async (_what, handler) => {
    const { requests, transport } = await setup(handler);
    expect((await failureOf(transport.send(aMail()))).kind).toBe('ambiguous');
    expect(requests).toHaveLength(1);
  });

  it('is ambiguous on a connection that served before', async () => {
    let count = 0;
    const { requests, transport } = await setup((request, response, body) => {
      if (count++ === 0) answer(200, undefined, '{"MessageId":"first"}')(request, response, body);
      else request.socket.resetAndDestroy();
    });
    await expect(transport.send(aMail())).resolves.toEqual({ providerMessageId: 'first' });
    expect((await failureOf(transport.send(aMail()))).kind).toBe('ambiguous');
    expect(requests).toHaveLength(2);
  });
});

describe('SES out of reach', () => {
  it('is unavailable when the connection is refused', async () => {
    const port = await listen(createTcpServer());
    await closers.pop()?.();
    const { kind, reason } = await failureOf(transportTo(`http://127.0.0.1:${port}`).send(aMail()));
    expect(kind).toBe('unavailable');
    expect(reason).toMatch(/^ses; .*ECONNREFUSED/);
  });

  it('is unavailable when the name does not resolve', async () => {
    expect((await failureOf(transportTo('http://nowhere.invalid').send(aMail()))).kind).toBe('unavailable');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['is reset', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['is closed', (socket) => socket.once('data', () => socket.end())],
    ['never ends', () => undefined],
    ['meets a plain server', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))],
  ])('is unavailable when the TLS handshake %s', async (_what, behave) => {
    const port = await listen(createTcpServer(behave));
    expect((await failureOf(transportTo(`https://127.0.0.1:${port}`).send(aMail()))).kind).toBe('unavailable');
  });

  it('is unavailable when the certificate is not trusted, and has not shown the mail', async () => {
    const { certificatePem, privateKey } = createSigningCertificate();
    let read = '';
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const server = createTlsServer({ cert: certificatePem, key }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => (read += chunk.toString()));
    });
    server.on('tlsClientError', () => undefined);
    const port = await listen(server);
    expect((await failureOf(transportTo(`https://127.0.0.1:${port}`).send(aMail()))).kind).toBe('unavailable');
    expect(read).toBe('');
  });

  it('is unavailable without credentials, and asks nobody else for them', async () => {
    const { requests, transport } = await setup(answer(200));
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const { kind, reason } = await failureOf(transport.send(aMail()));
    expect(kind).toBe('unavailable');
    expect(reason).toMatch(/CredentialsProviderError/);
    expect(requests).toEqual([]);
  });

  it('is unavailable without a region', async () => {
    const { transport } = await setup(answer(200));
    vi.stubEnv('AWS_REGION', undefined);
    expect((await failureOf(transport.send(aMail()))).kind).toBe('unavailable');
  });
});

describe('the request', () => {
  it.each(['a@example.net,b@example.net', 'a@example.net;b@example.net', 'A: a@example.net;', '"x"@example.net'])(
    'is not made for the recipient %j, in which SES could read another',
    async (to) => {
      const { requests, transport } = await setup(answer(200));
      expect((await failureOf(transport.send(aMail({ to })))).kind).toBe('permanent');
      expect(requests).toEqual([]);
    },
  );
});

it('is never sent over more connections than mails are in flight, and keeps them', async () => {
  const connections = new Set<unknown>();
  const { transport } = await setup((request, response, body) => {
    connections.add(request.socket);
    answer(200, undefined, '{"MessageId":"0100-id"}')(request, response, body);
  }, LONG);
  for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 64 }, () => transport.send(aMail())));
  expect(connections.size).toBe(64);
});

it('survives an error that is no error', () => {
  expect(classifySesFailure('odd', 'request', true)).toMatchObject({ kind: 'ambiguous', reason: 'ses; Error odd' });
});
