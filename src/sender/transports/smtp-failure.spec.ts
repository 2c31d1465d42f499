import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { aMail } from '../../../test/support/mails.js';
import { ScriptedSmtp, type SmtpScript } from '../../../test/support/scripted-smtp.js';
import { classifySmtpFailure } from './smtp-failure.js';
import { SmtpTransport } from './smtp.transport.js';
import { type FailureKind, TransportError } from './transport.js';

const SHORT = { connectionMs: 400, greetingMs: 400, socketMs: 400 };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(script: SmtpScript, scheme = 'smtp://', maxConnections = 1) {
  const server = new ScriptedSmtp(script);
  const port = await server.listen();
  const transport = new SmtpTransport({ url: `${scheme}127.0.0.1:${port}`, maxConnections, timeouts: SHORT });
  closers.push(
    () => server.close(),
    () => transport.close(),
  );
  return { server, transport };
}

async function failureOf(sending: Promise<unknown>): Promise<TransportError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransportError);
  return error as TransportError;
}

async function refusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.each<{ pipelining: boolean }>([{ pipelining: false }, { pipelining: true }])(
  'a failed SMTP conversation, pipelining: $pipelining',
  ({ pipelining }) => {
    const extensions = pipelining ? ['PIPELINING'] : [];

    it.each<[string, SmtpScript, FailureKind]>([
      ['550 to the recipient', { rcpt: '550 5.1.1 user unknown' }, 'permanent'],
      ['550 to the sender', { mail: '550 5.7.1 not from you' }, 'permanent'],
      ['554 to the message', { message: '554 5.7.1 spam' }, 'permanent'],
      ['450 to the recipient', { rcpt: '450 4.2.1 mailbox busy' }, 'temporary'],
      ['greylisting', { rcpt: '451 4.7.1 greylisted, come back' }, 'temporary'],
      ['a full mailbox', { rcpt: '452 4.2.2 over quota' }, 'temporary'],
      ['451 to the message', { message: '451 4.3.0 local error' }, 'temporary'],
      ['503 to DATA', { data: '503 5.5.1 bad sequence' }, 'temporary'],
      ['421 to the recipient', { rcpt: '421 4.7.0 too many connections' }, 'throttled'],
      ['421 to the message', { message: '421 4.3.2 shutting down' }, 'throttled'],
      ['454 to the message', { message: '454 Throttling failure: Maximum sending rate exceeded.' }, 'throttled'],
      ['a mail flood', { mail: '450 4.7.28 no' }, 'throttled'],
      ['congestion', { message: '451 4.4.5 no' }, 'throttled'],
      ['a text about rates', { rcpt: '450 4.7.1 too many mails, rate limit, slow down' }, 'temporary'],
      ['530 to the sender', { mail: '530 5.7.0 Authentication required' }, 'unavailable'],
      ['a closed connection at the recipient', { rcpt: 'close' }, 'temporary'],
      ['a closed connection at DATA', { data: 'close' }, 'temporary'],
      ['silence at DATA', { data: 'silence' }, 'temporary'],
      ['a closed connection after the message', { message: 'close' }, 'ambiguous'],
      ['a reset connection after the message', { message: 'reset' }, 'ambiguous'],
      ['silence after the message', { message: 'silence' }, 'ambiguous'],
      ['an unreadable answer to the message', { message: 'maybe' }, 'ambiguous'],
    ])('%s is classified', async (_name, script, kind) => {
      const { transport } = await setup({ ...script, extensions });
      expect((await failureOf(transport.send(aMail()))).kind).toBe(kind);
    });
  },
);

describe('a session that cannot be set up', () => {
  it('is unavailable when the connection is refused', async () => {
    const transport = new SmtpTransport({ url: `smtp://127.0.0.1:${await refusedPort()}`, maxConnections: 1 });
    const { kind, reason } = await failureOf(transport.send(aMail()));
    expect(kind).toBe('unavailable');
    expect(reason).toMatch(/^smtp; ESOCKET .*ECONNREFUSED/);
  });

  it('is unavailable when the name does not resolve', async () => {
    const transport = new SmtpTransport({ url: 'smtp://nowhere.invalid:25', maxConnections: 1 });
    expect((await failureOf(transport.send(aMail()))).kind).toBe('unavailable');
  });

  it.each([
    ['from the first byte', true, 'smtps'],
    ['by STARTTLS', false, 'smtp'],
  ])('is unavailable when the certificate of TLS %s is not trusted', async (_how, secure, scheme) => {
    // Without a key of its own the server shows its published, self-signed test certificate.
    const server = new SMTPServer({ secure, disableReverseLookup: true, authOptional: true });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const { port } = server.server.address() as AddressInfo;
    const transport = new SmtpTransport({ url: `${scheme}://127.0.0.1:${port}`, maxConnections: 1, timeouts: SHORT });
    closers.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => transport.close(),
    );
    const { kind, reason } = await failureOf(transport.send(aMail()));
    expect(kind).toBe('unavailable');
    expect(reason).toMatch(/certificate/);
  });

  it.each<[string, SmtpScript, string, FailureKind]>([
    ['the greeting refuses', { greeting: '554 no service' }, 'smtp://', 'unavailable'],
    ['the greeting says that there are too many of us', { greeting: '421 4.7.0 too many' }, 'smtp://', 'throttled'],
    ['the server closes before the greeting', { greeting: 'close' }, 'smtp://', 'unavailable'],
    ['the greeting never comes', { greeting: 'silence' }, 'smtp://', 'unavailable'],
    ['STARTTLS leads nowhere', { extensions: ['STARTTLS'], starttls: '220 Go ahead' }, 'smtp://', 'unavailable'],
    ['STARTTLS is refused', { extensions: ['STARTTLS'], starttls: '454 not now' }, 'smtp://', 'unavailable'],
    ['TLS meets a plain server', {}, 'smtps://', 'unavailable'],
    ['the login is refused', { extensions: ['AUTH PLAIN'], auth: '535 5.7.8 no' }, 'smtp://u:p@', 'unavailable'],
    ['the login fails for now', { extensions: ['AUTH PLAIN'], auth: '454 4.7.0 later' }, 'smtp://u:p@', 'unavailable'],
  ])('is told apart when %s', async (_name, script, scheme, kind) => {
    const { transport } = await setup(script, scheme);
    expect((await failureOf(transport.send(aMail()))).kind).toBe(kind);
  });
});

describe('the pool', () => {
  it('sends the next mail over the same connection after a refused recipient', async () => {
    const { server, transport } = await setup({ rcpt: '550 5.1.1 user unknown' });
    await failureOf(transport.send(aMail()));
    server.script = {};
    await transport.send(aMail());
    expect(server.connections).toBe(1);
  });

  it('sends the next mail over a new connection when the idle one was dropped', async () => {
    const { server, transport } = await setup({});
    await transport.send(aMail());
    server.hangUp();
    await expect(transport.send(aMail())).resolves.toHaveProperty('providerMessageId');
    expect(server.connections).toBe(2);
  });

  it('never repeats by itself a mail whose message had begun', async () => {
    const { server, transport } = await setup({});
    await transport.send(aMail());
    server.script = { message: 'close' };
    expect((await failureOf(transport.send(aMail()))).kind).toBe('ambiguous');
    expect(server.commands.filter((command) => command === 'DATA')).toHaveLength(2);
  });
});

describe('the reason', () => {
  it('is the reply of the server', async () => {
    const { transport } = await setup({ rcpt: '550 5.1.1 user unknown' });
    expect((await failureOf(transport.send(aMail()))).reason).toBe('smtp; 550 5.1.1 user unknown');
  });

  it('is one line of at most 500 characters without control characters', () => {
    const response = `550-5.1.1 \u001b[31mno\u202e\r\n550 5.1.1 ${'😀'.repeat(400)}`;
    const { reason } = classifySmtpFailure(Object.assign(new Error('x'), { response, responseCode: 550 }), 'envelope');
    expect(reason.startsWith('smtp; 550-5.1.1 [31mno 550 5.1.1 😀')).toBe(true);
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(Buffer.from(reason).toString()).toBe(reason);
  });

  it('survives an error that is no error', () => {
    expect(classifySmtpFailure('odd', 'body')).toMatchObject({ kind: 'ambiguous', reason: 'smtp; odd' });
  });
});
