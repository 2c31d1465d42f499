import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SesTransport } from '../src/sender/transports/ses.transport.js';
import { SmtpTransport } from '../src/sender/transports/smtp.transport.js';
import { CertificateStore } from '../src/webhooks/certificate-store.js';
import { RefusalLog } from '../src/webhooks/refusal-log.js';
import type { ParsedSesEvent } from '../src/webhooks/ses-event.js';
import { parseSesEvent } from '../src/webhooks/ses-event.parser.js';
import { readSnsMessage, type SnsNotification } from '../src/webhooks/sns-message.js';
import { SnsVerifier } from '../src/webhooks/sns-verifier.js';
import { useAwsEndpoint } from '../test/support/aws-environment.js';
import { eventually } from '../test/support/eventually.js';
import { aMail } from '../test/support/mails.js';
import { Webhook } from '../test/support/webhook.js';
import { Simulator, type SimulatorOptions } from './simulator.js';

const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:simulator';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  closers.push(() => rm(dir, { recursive: true }));
  return dir;
}

async function setup({
  configurationSet = 'simulator' as string | null,
  ...options
}: SimulatorOptions & { configurationSet?: string | null } = {}) {
  const certDir = await folder();
  const webhook = new Webhook();
  const webhookUrl = await webhook.listen();
  const simulator = new Simulator({ sns: { webhookUrl, topicArn: TOPIC_ARN, certDir }, slowMs: 150, ...options });
  const { httpPort, smtpPort } = await simulator.listen();
  useAwsEndpoint(`http://127.0.0.1:${httpPort}`);
  const ses = new SesTransport({ configurationSet, fromEmail: 'no-reply@example.com' });
  const smtp = new SmtpTransport({ url: `smtp://127.0.0.1:${smtpPort}`, maxConnections: 1 });
  closers.push(
    () => webhook.close(),
    () => simulator.close(),
    () => ses.close(),
    () => smtp.close(),
  );

  const refuse = () => Promise.reject(new Error('the network was asked'));
  const log = new RefusalLog({ warn: () => undefined });
  const verifier = new SnsVerifier(new CertificateStore(certDir, refuse), [TOPIC_ARN], log);
  /** What the gateway makes of the first deliveries, each of them verified by it. */
  const events = async (count: number) => {
    await eventually(() => webhook.deliveries.length >= count, 5_000, `${count} deliveries`);
    const parsed: (ParsedSesEvent & { snsId: string })[] = [];
    for (const { body } of webhook.deliveries) {
      const message = readSnsMessage(Buffer.from(body)) as SnsNotification;
      await verifier.verify(message);
      const event = parseSesEvent(message.Message, new Date(message.Timestamp)) as ParsedSesEvent;
      parsed.push({ ...event, snsId: message.MessageId });
    }
    return parsed;
  };
  const get = async <Body>(path: string): Promise<Body> =>
    (await (await fetch(`http://127.0.0.1:${httpPort}${path}`)).json()) as Body;
  return { simulator, webhook, ses, smtp, events, get, url: `http://127.0.0.1:${httpPort}` };
}

describe('what is reported, in words of the gateway, of a mail to', () => {
  it.each<[string, string[]]>([
    ['success', ['Send', 'Delivery']],
    ['bounce', ['Send', 'Bounce']],
    ['bounce+17', ['Send', 'Bounce']],
    ['Complaint', ['Send', 'Delivery', 'Complaint']],
    ['ooto', ['Send', 'Delivery', 'Bounce']],
    ['suppressionlist', ['Send', 'Bounce']],
    ['reject', ['Send', 'Reject']],
    ['reorder', ['Delivery', 'Send']],
    ['anybody', ['Send', 'Delivery']],
    ['constructor', ['Send', 'Delivery']],
  ])('%s@', async (local, types) => {
    const { ses, events } = await setup();
    const mail = aMail({ to: `${local}@example.net` });
    const { providerMessageId } = await ses.send(mail);
    const reported = await events(types.length);
    expect(reported.map(({ name }) => name)).toEqual(types);
    for (const event of reported) {
      expect(event).toMatchObject({
        shape: 'event',
        emailId: mail.id,
        headerEmailId: mail.id,
        providerMessageId,
        recipients: [mail.to],
      });
      expect(event.raw.mail).toMatchObject({
        tags: { request_id: [mail.id], topic_id: ['welcome'], 'ses:configuration-set': ['simulator'] },
        commonHeaders: { subject: mail.subject },
      });
    }
    const times = [...reported].sort((a, b) => Number(a.occurredAt) - Number(b.occurredAt));
    expect(times[0].name).toBe('Send');
  });

  it('duplicate@: each message twice under one MessageId', async () => {
    const { ses, events } = await setup();
    await ses.send(aMail({ to: 'duplicate@example.net' }));
    const reported = await events(4);
    expect(reported.map(({ name }) => name)).toEqual(['Send', 'Send', 'Delivery', 'Delivery']);
    expect(new Set(reported.map(({ snsId }) => snsId)).size).toBe(2);
  });

  it('throttle@: refused once, by the email', async () => {
    const { ses, events, simulator } = await setup();
    const mails = [aMail({ to: 'throttle@example.net' }), aMail({ to: 'throttle@example.net' })];
    for (const mail of mails) await expect(ses.send(mail)).rejects.toMatchObject({ kind: 'throttled' });
    for (const mail of mails) await ses.send(mail);
    expect((await events(4)).map(({ name }) => name).sort()).toEqual(['Delivery', 'Delivery', 'Send', 'Send']);
    expect(simulator.store.received).toBe(2);
  });

  it('slow@: accepted late', async () => {
    const { ses } = await setup();
    const start = performance.now();
    await ses.send(aMail({ to: 'slow@example.net' }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(149);
  });
});

describe('the details of', () => {
  async function last(to: string, count: number) {
    const { ses, events } = await setup();
    await ses.send(aMail({ to }));
    return (await events(count))[count - 1];
  }

  it('a bounce are permanent, with a diagnosis', async () => {
    expect((await last('bounce@example.net', 2)).bounce).toMatchObject({
      type: 'Permanent',
      subType: 'General',
      diagnosticCode: 'smtp; 550 5.1.1 user unknown',
    });
  });

  it('an out-of-office reply are a transient bounce without one', async () => {
    expect((await last('ooto@example.net', 3)).bounce).toMatchObject({
      type: 'Transient',
      subType: 'General',
      diagnosticCode: null,
    });
  });

  it('a suppressed address name the list', async () => {
    expect((await last('suppressionlist@example.net', 2)).bounce).toMatchObject({
      type: 'Permanent',
      subType: 'OnAccountSuppressionList',
    });
  });

  it('a complaint are abuse', async () => {
    expect((await last('complaint@example.net', 3)).complaint).toMatchObject({ feedbackType: 'abuse', subType: null });
  });
});

it('reports nothing of mail without a configuration set, as SES does', async () => {
  const { ses, simulator } = await setup({ configurationSet: null });
  await ses.send(aMail());
  expect(simulator.stats()).toMatchObject({ mails: { received: 1 }, events: {}, notifications: { waiting: 0 } });
});

describe('the mailbox', () => {
  it('holds mail of both ways, newest first, and can be emptied', async () => {
    const { ses, smtp, get, url } = await setup();
    const mail = aMail({ to: 'a@example.net', text: 'Hello' });
    const { providerMessageId } = await ses.send(mail);
    await smtp.send(aMail({ to: 'b@example.net', subject: 'By SMTP' }));
    const list = await get<{ data: { id: number }[] }>('/mails');
    expect(list).toMatchObject({
      received: 2,
      next_before: null,
      data: [
        { to: ['b@example.net'], subject: 'By SMTP', provider_message_id: null, tags: {} },
        {
          id: 1,
          to: ['a@example.net'],
          from: 'Example <no-reply@example.com>',
          subject: 'Welcome',
          provider_message_id: providerMessageId,
          tags: { request_id: [mail.id] },
        },
      ],
    });
    expect(await get('/mails/1')).toMatchObject({ html: '<p>Hello</p>', text: 'Hello' });
    expect(await get('/mails/2')).toMatchObject({ html: expect.stringContaining('<p>Hello</p>') as string });
    expect((await fetch(`${url}/mails`, { method: 'DELETE' })).status).toBe(204);
    expect(await get('/mails')).toMatchObject({ received: 2, data: [] });
    expect((await fetch(`${url}/mails/1`)).status).toBe(404);
  });

  it('is read in pages, and by recipient', async () => {
    const { ses, get } = await setup({ sns: undefined });
    for (const index of [1, 2, 3, 4, 5]) await ses.send(aMail({ to: `user${index % 2}@example.net` }));
    const ids = async (query: string) => {
      const { data, next_before } = await get<{ data: { id: number }[]; next_before: number | null }>(
        `/mails?${query}`,
      );
      return [data.map(({ id }) => id), next_before];
    };
    expect(await ids('limit=2')).toEqual([[5, 4], 4]);
    expect(await ids('limit=2&before=4')).toEqual([[3, 2], 2]);
    expect(await ids('limit=2&before=2')).toEqual([[1], null]);
    expect(await ids('to=user0%40example.net')).toEqual([[4, 2], null]);
    expect(await ids('limit=x&before=x')).toEqual([[5, 4, 3, 2, 1], null]);
  });

  it('is written to files too, each once', async () => {
    const mailboxDir = await folder();
    const { ses, smtp } = await setup({ mailboxDir });
    await ses.send(aMail({ to: 'a@example.net' }));
    await smtp.send(aMail({ to: 'b@example.net' }));
    const names = (await readdir(mailboxDir)).sort();
    expect(names.map((name) => name.split('-').at(-1))).toEqual(['a@example.net.eml', 'b@example.net.eml']);
    const text = await readFile(join(mailboxDir, names[0]), 'utf8');
    expect(text).toMatch(/^X-Envelope-From: no-reply@example\.com\r\nX-Envelope-To: a@example\.net\r\n/);
    expect(text).toMatch(/^Message-ID:\s+<0100[\w-]+@email\.amazonses\.com>\r$/m);
  });

  it('shows nothing of a mail unescaped but its HTML, and that without scripts', async () => {
    const { ses, url } = await setup({ sns: undefined });
    const html = '<script>alert(1)</script><p>Hi</p>';
    await ses.send(
      aMail({ subject: '<img src=x onerror=alert(1)>"', from: '"<b>" <a@example.com>', text: '</pre><i>', html }),
    );
    for (const path of ['/', '/mails/1/view', '/?to=%22%3E%3Cb%3E']) {
      const response = await fetch(url + path);
      const page = await response.text();
      expect(page).not.toMatch(/<img|<script|<b>|<i>/);
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    }
    const frame = await fetch(`${url}/mails/1/html`);
    expect(await frame.text()).toBe(html);
    const policy = frame.headers.get('content-security-policy');
    expect(policy).toMatch(/^sandbox /);
    expect(policy).not.toMatch(/allow-(scripts|same-origin)/);
  });
});

it('reports a campaign whole, over few connections', async () => {
  const { ses, webhook, simulator } = await setup();
  const sends = Array.from({ length: 500 }, (_, index) => aMail({ to: `success+${index}@example.net` }));
  for (let next = 0; next < sends.length; next += 50) {
    await Promise.all(sends.slice(next, next + 50).map((mail) => ses.send(mail)));
  }
  await eventually(() => webhook.deliveries.length === 1_000, 20_000, '1,000 deliveries');
  expect(webhook.busiest).toBeLessThanOrEqual(16);
  expect(simulator.stats()).toMatchObject({
    events: { Send: 500, Delivery: 500 },
    notifications: { retried: 0, refused: 0, given_up: 0, dropped: 0 },
  });
}, 30_000);
