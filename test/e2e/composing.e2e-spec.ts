import { simpleParser } from 'mailparser';
import { type Msg } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePayload } from '../../src/compose/payload.js';
import { unsubscribeUrl } from '../../src/compose/unsubscribe.js';
import { openToken } from '../../src/contracts/tokens.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { type Gateway, Stack } from '../support/stack.js';

const SECRET = 'a secret of sixteen';
const PUBLIC_URL = 'https://mail.example.com';
const ENV = { TRACKING_SECRET: SECRET, SERVER_HOST: PUBLIC_URL, FROM_DOMAINS: 'example.com' };

const MESSAGE = {
  subject: 'Hello {{name}}, {{ offer }}',
  content:
    '<html><body><h1>{{name}} & co</h1><a href="https://shop.example/a?b=1&amp;c=2">shop</a>' +
    '<a href="{{unsubscribe_url}}">out</a><p>{{constructor}}</p></body></html>',
  from: 'Doe, Jane <jane@example.com>',
  reply_to: 'help@elsewhere.org',
  headers: { 'X-Campaign': '{{name}}', 'List-ID': '<news.example.com>' },
  tags: { campaign: 'spring' },
  variables: { name: 'friend', offer: '{{name}} & $&', constructor: 7 },
  unsubscribe: true,
};

const RECIPIENTS = [
  'plain',
  { email: 'ada', variables: { name: `<Ada> "O'Neill"` } },
  { email: 'clicks', variables: { name: 'Bob' }, track_clicks: true, track_opens: false },
];

interface Person {
  address: string;
  id: string;
}

describe('composing', () => {
  let stack: Stack;
  let gateway: Gateway;
  const published: Msg[] = [];
  const people = new Map<string, Person[]>();

  beforeAll(async () => {
    stack = await Stack.start({ env: ENV });
    stack.nats.subscribe(`${stack.name}.email`, { callback: (_error, message) => published.push(message) });
    gateway = await stack.gateway(ENV);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  function emailsOf(topicId: string) {
    return RECIPIENTS.map((recipient) =>
      typeof recipient === 'string'
        ? `${recipient}@${topicId}.test`
        : { ...recipient, email: `${recipient.email}@${topicId}.test` },
    );
  }

  /** Submits to a gateway of these settings, in the place of the one before; returns what it published, by address. */
  async function publish(topicId: string, env: Record<string, string>): Promise<Msg[]> {
    await gateway.stop();
    gateway = await stack.gateway({ ...ENV, ...env });
    const emails = emailsOf(topicId);
    const response = await stack.post(gateway, { messages: [{ ...MESSAGE, topic_id: topicId, emails }] });
    expect(response.status, await response.clone().text()).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    const ids = messages[0].email_ids;
    people.set(
      topicId,
      emails.map((email, i) => ({ address: typeof email === 'string' ? email : email.email, id: ids[i] })),
    );
    const mine = () =>
      ids.flatMap((id) => published.find(({ headers }) => headers?.get('Nats-Msg-Id') === `${id}:0`) ?? []);
    await eventually(
      async () =>
        (await stack.topic(gateway, topicId)).states.dispatched === ids.length && mine().length === ids.length,
      10_000,
      'the dispatch',
    );
    return mine();
  }

  it.each([
    ['msgpack', 'application/vnd.msgpack'],
    ['json', 'application/json'],
  ])('publishes whole mails in %s, each with all that its message has', async (format, contentType) => {
    const [plain, ada] = (await publish(format, { NATS_PAYLOAD_FORMAT: format })).map(({ data, headers }) => {
      expect(headers?.get('Content-Type')).toBe(contentType);
      return decodePayload(contentType, data);
    });
    const [{ id }, { id: adaId }] = people.get(format) ?? [];
    expect(plain).toEqual({
      uuid: id,
      email: `plain@${format}.test`,
      subject: 'Hello friend, {{name}} & $&',
      body: expect.stringContaining('<h1>friend & co</h1>') as string,
      text: expect.stringMatching(/^friend & co/) as string,
      from: '"Doe, Jane" <jane@example.com>',
      reply_to: 'help@elsewhere.org',
      headers: {
        ...MESSAGE.headers,
        'List-Unsubscribe': `<${unsubscribeUrl(PUBLIC_URL, id, SECRET)}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
      tags: MESSAGE.tags,
      topic_id: format,
      message_id: expect.any(String) as string,
    });
    expect(ada).toMatchObject({ uuid: adaId, subject: `Hello <Ada> "O'Neill", {{name}} & $&` });
  });

  it('publishes references of some hundred bytes, whatever the message has', async () => {
    for (const [index, { data, headers }] of (await publish('reference', { NATS_PAYLOAD: 'reference' })).entries()) {
      expect(headers?.get('Content-Type')).toBe('application/json');
      expect(headers?.get('Payload-Version')).toBe('1');
      const reference = JSON.parse(Buffer.from(data).toString()) as Record<string, string>;
      expect(reference).toEqual({
        uuid: people.get('reference')?.[index].id,
        message_id: expect.any(String) as string,
      });
    }
  });

  it('sends the same mail from either, and one sender reads all that is in the stream', async () => {
    await stack.sender();
    for (const topicId of ['msgpack', 'json', 'reference']) {
      const [plain, ada, clicks] = await Promise.all(
        (people.get(topicId) ?? []).map(async ({ address, id }) => {
          const mail = await stack.sink.waitFor(({ to }) => to[0] === address, 20_000);
          expect(mail.from).toBe('jane@example.com');
          const parsed = await simpleParser(mail.raw);
          expect(parsed.from?.value).toEqual([{ name: 'Doe, Jane', address: 'jane@example.com' }]);
          return { id, subject: parsed.subject, html: (parsed.html as string).trimEnd(), text: parsed.text };
        }),
      );
      const out = (id: string) => unsubscribeUrl(PUBLIC_URL, id, SECRET);
      const pixel = (id: string) => `/v1/events/open?requestId=${id}&s=${openToken(SECRET, id)}"`;

      expect(plain.subject, topicId).toBe('Hello friend, {{name}} & $&');
      expect(plain.html).toContain('<a href="https://shop.example/a?b=1&amp;c=2">');
      expect(plain.html).toContain(
        `<a href="${out(plain.id)}">out</a><p>7</p><img src="${PUBLIC_URL}${pixel(plain.id)}`,
      );
      expect(plain.text).toContain(`friend & co`);
      expect(plain.text).toContain(`shop [https://shop.example/a?b=1&c=2]out [${out(plain.id)}]`);

      expect(ada.subject).toBe(`Hello <Ada> "O'Neill", {{name}} & $&`);
      expect(ada.html).toContain('<h1>&lt;Ada&gt; &quot;O&#39;Neill&quot; & co</h1>');
      expect(ada.text).toContain(`<Ada> "O'Neill" & co`);

      expect(clicks.html).toContain(`<a href="${PUBLIC_URL}/v1/events/click?requestId=${clicks.id}&url=https%3A`);
      expect(clicks.html).not.toContain('/v1/events/open');
      expect(clicks.text).toContain('shop [https://shop.example/a?b=1&c=2]');
    }
    expect(stack.sink.mails).toHaveLength(9);
  });

  const refused: [string, object, string, string][] = [
    ['a variable without a value', { content: '{{nobody}}' }, '/messages/0/emails/0', 'missing_variable'],
    ['a sender of another domain', { from: 'a@elsewhere.org' }, '/messages/0/from', 'from_not_allowed'],
    [
      'a header injection by variable',
      { variables: { name: 'x\nBcc: e@v.il' } },
      '/messages/0/emails/0',
      'invalid_characters',
    ],
    [
      'a body beyond the queue',
      { content: '{{offer}}'.repeat(7_000), variables: { name: 'x', offer: '"'.repeat(99) } },
      '/messages/0/emails/0',
      'body_too_large',
    ],
    [
      'an expiry before the schedule',
      { scheduled_at: later(2), expires_at: later(1) },
      '/messages/0/expires_at',
      'too_early',
    ],
    ['an attachment', { attachments: [{}] }, '/messages/0/attachments', 'unsupported_field'],
  ];

  it.each(refused)('refuses %s, in a dry run as well, and stores nothing', async (_name, fields, pointer, code) => {
    const [{ count: before }] = await stack.query<{ count: string }>('SELECT count(*) FROM emails');
    const message = { subject: '{{name}}', content: 'x', variables: { name: 'x' }, emails: ['a@b.cd'], ...fields };
    for (const query of ['', '?dry_run=true']) {
      const response = await fetch(`${gateway.url}/v1/messages${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': stack.env.API_KEY },
        body: JSON.stringify({ messages: [message] }),
      });
      const { errors } = await expectProblem(response, 400, 'validation_failed');
      expect(errors).toEqual([expect.objectContaining({ pointer, code })]);
    }
    const [{ count }] = await stack.query<{ count: string }>('SELECT count(*) FROM emails');
    expect(count).toBe(before);
  });

  it('leaves out whoever lacks a variable, where handling=lenient asks for that', async () => {
    const emails = ['lacking@b.cd', { email: 'having@b.cd', variables: { name: 'Ada' } }];
    const message = { topic_id: 'lenient', subject: 'Hi {{name}}', content: 'x', emails, scheduled_at: later(1) };
    const response = await stack.post(gateway, { messages: [message] }, { prefer: 'handling=lenient' });
    expect(await response.json()).toMatchObject({
      count: 1,
      messages: [{ count: 1, email_ids: [null, expect.any(String)] }],
      rejected: [{ pointer: '/messages/0/emails/0', code: 'missing_variable' }],
    });
  });

  it('stores when a message expires, with its batches', async () => {
    const expires_at = later(2);
    const message = {
      topic_id: 'expiring',
      subject: 'x',
      content: 'x',
      emails: ['a@b.cd'],
      scheduled_at: later(1),
      expires_at,
    };
    expect((await stack.post(gateway, { messages: [message] })).status).toBe(200);
    const rows = await stack.query(
      `SELECT m.expires_at AS of_message, b.expires_at AS of_batch FROM messages m JOIN batches b ON b.message_id = m.id
       WHERE m.topic_id = 'expiring'`,
    );
    expect(rows).toEqual([{ of_message: new Date(expires_at), of_batch: new Date(expires_at) }]);
  });
});

function later(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}
