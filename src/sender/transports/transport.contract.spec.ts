import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Simulator } from '../../../simulator/simulator.js';
import { SmtpSink } from '../../../simulator/smtp-sink.js';
import { chaosSeed } from '../../../test/support/chaos-seed.js';
import { deviations, headersOf, hostileMails } from '../../../test/support/hostile-mail.js';
import { aMail } from '../../../test/support/mails.js';
import { useAwsEndpoint } from '../../../test/support/aws-environment.js';
import { LogTransport } from './log.transport.js';
import { SesTransport } from './ses.transport.js';
import { SmtpTransport } from './smtp.transport.js';
import { type Mail, type Transport } from './transport.js';

interface Delivered {
  from: string;
  to: string;
  raw: Buffer;
}

interface Bundle {
  transport: Transport;
  /** Everything that was delivered, in no particular order. */
  delivered: () => Promise<Delivered[]>;
  /** SES writes a Message-ID of its own over any that it is given. */
  isMessageIdOurs: boolean;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function smtp(): Promise<Bundle> {
  const sink = new SmtpSink({ delayMs: 5 });
  const transport = new SmtpTransport({ url: `smtp://127.0.0.1:${await sink.listen()}`, maxConnections: 8 });
  closers.push(
    () => sink.close(),
    () => transport.close(),
  );
  const delivered = () => Promise.resolve(sink.mails.map(({ from, to, raw }) => ({ from, to: to.join(), raw })));
  return { transport, delivered, isMessageIdOurs: true };
}

async function ses(): Promise<Bundle> {
  const mailboxDir = await mkdtemp(join(tmpdir(), 'mailbox-'));
  const simulator = new Simulator({ mailboxDir });
  const { httpPort } = await simulator.listen();
  useAwsEndpoint(`http://127.0.0.1:${httpPort}`);
  const transport = new SesTransport({ configurationSet: 'simulator', fromEmail: 'no-reply@example.com' });
  closers.push(
    () => rm(mailboxDir, { recursive: true }),
    () => simulator.close(),
    () => transport.close(),
  );
  return { transport, delivered: () => deliveredTo(mailboxDir), isMessageIdOurs: false };
}

async function log(): Promise<Bundle> {
  const dir = await mkdtemp(join(tmpdir(), 'mailbox-'));
  const transport = new LogTransport(dir);
  closers.push(() => rm(dir, { recursive: true }));
  return { transport, delivered: () => deliveredTo(dir), isMessageIdOurs: true };
}

async function deliveredTo(dir: string): Promise<Delivered[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.eml'));
  return Promise.all(names.map(async (name) => withoutEnvelope(await readFile(join(dir, name)))));
}

function withoutEnvelope(file: Buffer): Delivered {
  const [, from, to, raw] = /^X-Envelope-From: (.*)\r\nX-Envelope-To: (.*)\r\n([^]*)$/.exec(file.toString('latin1'))!;
  return { from, to, raw: Buffer.from(raw, 'latin1') };
}

const unixLines = (text: string) => text.replace(/\r\n?/g, '\n');

// The others of 10,000 are in test/chaos; this many keep the suite quick.
const HOSTILE_MAILS = 300;

describe.each([
  { name: 'smtp', setup: smtp },
  { name: 'ses', setup: ses },
  { name: 'log', setup: log },
])('the $name transport', ({ name, setup }) => {
  async function deliver(mail: Mail): Promise<Delivered> {
    const { transport, delivered } = await setup();
    await transport.send(mail);
    const [only, ...others] = await delivered();
    expect(others).toEqual([]);
    return only;
  }

  it('says its name', async () => {
    expect((await setup()).transport.name).toBe(name);
  });

  it.each<[string, string]>([
    ['long lines', `<p>${'word '.repeat(5_000)}</p><a href="https://example.com/?${'x'.repeat(4_000)}">y</a>`],
    ['characters beyond the BMP', '<p>😀 🇰🇷 𝒳 안녕하세요 עברית</p>'],
    ['dots at the start of lines', '.\n..\r\n.hidden\n<p>.</p>\n.\n'],
    ['mixed line endings', '<p>a</p>\r\n<p>b</p>\n<p>c</p>\r\n\r\n\n'],
    ['spaces and tabs at the end of lines', '<pre>a \nb\t\n  \n</pre> '],
    ['equal signs and percent signs', '<p>a=3D =\n 100% =?utf-8?Q?x?= </p>'],
    ['lines that look like SMTP and mbox', '\nFrom me\nQUIT\r\nRCPT TO:<x@example.org>\r\n'],
    ['nothing that needs encoding', '<p>plain</p>'],
  ])('delivers HTML with %s intact', async (_what, html) => {
    const { html: arrived } = await simpleParser((await deliver(aMail({ html }))).raw, { skipImageLinks: true });
    expect(withoutFinalBreaks(arrived || '')).toBe(withoutFinalBreaks(html));
  });

  it('delivers any HTML intact', async () => {
    const { transport, delivered } = await setup();
    const unit = fc.constantFrom(
      '<p>',
      '.',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '=',
      'é',
      '😀',
      '한',
      'x'.repeat(80),
      '&amp;',
      '\u2028',
    );
    const samples = fc
      .sample(fc.array(unit, { minLength: 1, maxLength: 60 }), 200)
      .map((units) => `!${units.join('')}!`);
    const mails = samples.map((html) => aMail({ html }));
    await Promise.all(mails.map((mail) => transport.send(mail)));
    const arrived = new Map<unknown, string>();
    for (const { raw } of await delivered()) {
      const { headers, html } = await simpleParser(raw);
      arrived.set(headers.get('x-messages-email-id'), html || '');
    }
    for (const { id, html } of mails) expect(withoutFinalBreaks(arrived.get(id)!)).toBe(withoutFinalBreaks(html));
  });

  it('delivers the text beside the HTML when there is one', async () => {
    const { text, html } = await simpleParser((await deliver(aMail({ text: 'Hello.\n' }))).raw);
    expect({ text, html }).toMatchObject({ text: 'Hello.\n', html: '<p>Hello</p>' });
  });

  it.each(['ada@example.net', 'Ada.Lovelace+tag@EXAMPLE.Net', "o'brien!#$%&*/=?^_`{|}~@xn--e1afmkfd.example"])(
    'uses %s as the envelope recipient byte for byte',
    async (to) => {
      expect(await deliver(aMail({ to }))).toMatchObject({ from: 'no-reply@example.com', to });
    },
  );

  it.each([
    ['Example <no-reply@example.com>', 'Example <no-reply@example.com>'],
    ['no-reply@example.com', 'no-reply@example.com'],
    ['"Doe, Jane" <no-reply@example.com>', '"Doe, Jane" <no-reply@example.com>'],
  ])('takes %s as the sender', async (from, header) => {
    const delivered = await deliver(aMail({ from }));
    expect(delivered.from).toBe('no-reply@example.com');
    expect(delivered.raw.toString()).toContain(`From: ${header}\r\n`);
  });

  it('carries our ids, and where it may a Message-ID that a repeat has too', async () => {
    const { transport, delivered, isMessageIdOurs } = await setup();
    const mail = aMail();
    await transport.send(mail);
    await transport.send(mail);
    const parsed = await Promise.all((await delivered()).map(({ raw }) => simpleParser(raw)));
    expect(parsed).toHaveLength(2);
    for (const { messageId, headers } of parsed) {
      if (isMessageIdOurs) expect(messageId).toBe(`<${mail.id}@example.com>`);
      expect(headers.get('x-messages-email-id')).toBe(mail.id);
      expect(headers.get('x-messages-topic-id')).toBe('welcome');
    }
  });

  it('delivers a subject in any script', async () => {
    const subject = `Grüße, 안녕하세요 😀 ${'עברית '.repeat(30)}end`;
    expect((await simpleParser((await deliver(aMail({ subject }))).raw)).subject).toBe(subject);
  });

  it('has no topic header when there is no topic', async () => {
    const { headers } = await simpleParser((await deliver(aMail({ topicId: '' }))).raw);
    expect(headers.has('x-messages-topic-id')).toBe(false);
  });

  it('delivers hostile texts and headers as they were given, or refuses them', async () => {
    const { transport, delivered } = await setup();
    const seed = chaosSeed();
    const mails = hostileMails(HOSTILE_MAILS, seed);
    const results = await Promise.allSettled(mails.map(({ mail }) => transport.send(mail)));
    for (const [index, result] of results.entries()) {
      const what = `CHAOS_SEED=${seed} ${JSON.stringify(mails[index])}`;
      expect(result.status === 'fulfilled', what).toBe(mails[index].isDeliverable);
      if (result.status === 'rejected') expect(result.reason, what).toMatchObject({ kind: 'permanent' });
    }
    const all = await delivered();
    const byId = new Map(mails.map((hostile) => [hostile.mail.id, hostile]));
    expect(all).toHaveLength(mails.filter(({ isDeliverable }) => isDeliverable).length);
    for (const { from, to, raw } of all) {
      const id = headersOf(raw).find(([name]) => name === 'X-Messages-Email-ID')?.[1] ?? '';
      const hostile = byId.get(id)!;
      byId.delete(id);
      expect([from, to]).toEqual(['no-reply@example.com', hostile.mail.to]);
      expect(deviations(hostile, raw), `CHAOS_SEED=${seed} ${JSON.stringify(hostile)}`).toEqual([]);
    }
  });

  it('delivers reply-to, headers, text and HTML together', async () => {
    const headers = {
      'List-Unsubscribe': '<https://mail.example.com/v1/unsubscribe/01900000-0000-7000-8000-0000000000aa.abc>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    };
    const mail = aMail({ text: 'Hello.\n', replyTo: '"Answers, please" <answers@example.com>', headers });
    const { raw } = await deliver(mail);
    const found = new Map(headersOf(raw));
    expect(found.get('Reply-To')).toBe(mail.replyTo);
    for (const [header, value] of Object.entries(headers)) expect(found.get(header)).toBe(value);
    expect(found.get('Content-Type')).toMatch(/^multipart\/alternative;/);
    const parsed = await simpleParser(raw);
    expect(parsed).toMatchObject({ text: 'Hello.\n', html: '<p>Hello</p>' });
  });

  it.each<[string, Partial<Mail>]>([
    ['a header that leads elsewhere', { headers: { Bcc: 'x@example.org' } }],
    ['a header of the provider', { headers: { 'X-SES-MESSAGE-TAGS': 'a=b' } }],
    ['a header twice', { headers: { 'X-A': '1', 'x-a': '2' } }],
    ['a line break in a header', { headers: { 'X-A': '1\r\nBcc: x@example.org' } }],
    ['a header beyond ASCII', { headers: { 'X-A': 'é' } }],
    ['a line break in the subject', { subject: 'Hello\nBcc: x@example.org' }],
    ['two senders', { from: 'a@example.com, b@example.com' }],
    ['a reply-to that is none', { replyTo: 'nobody' }],
    ['a topic beyond ASCII', { topicId: 'é' }],
  ])('refuses %s', async (_what, fields) => {
    const { transport, delivered } = await setup();
    await expect(transport.send(aMail(fields))).rejects.toMatchObject({ kind: 'permanent' });
    expect(await delivered()).toEqual([]);
  });

  it.each(['ada@example.net>\r\nDATA', 'ada@example.net> ORCPT=x'])('never sends to %j as it stands', async (to) => {
    const { transport, delivered } = await setup();
    await expect(transport.send(aMail({ to }))).rejects.toMatchObject({ kind: 'permanent' });
    expect(await delivered()).toEqual([]);
  });

  it('answers with an id of its own', async () => {
    const { transport } = await setup();
    expect((await transport.send(aMail())).providerMessageId).toMatch(/^[\w.@-]{10,}$/);
  });

  it('finishes what is in flight when it closes, and takes nothing after', async () => {
    const { transport, delivered } = await setup();
    const sending = Array.from({ length: 20 }, () => transport.send(aMail()));
    await transport.close();
    expect(await delivered()).toHaveLength(20);
    await expect(Promise.all(sending)).resolves.toHaveLength(20);
    await expect(transport.send(aMail())).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await delivered()).toHaveLength(20);
  });
});

// The final line break belongs to the transfer: SMTP ends the message with one.
function withoutFinalBreaks(text: string): string {
  return unixLines(text).replace(/\n+$/, '');
}
