import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unsubscribeToken } from '../../src/contracts/tokens.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';
import { answerOf, SuppressionList } from '../support/suppression-list.js';
import { TcpGate } from '../support/tcp-gate.js';

const SECRET = 'a secret for the tests';
const SOON_MS = 10_000;
const ONE_CLICK = 'List-Unsubscribe=One-Click';

interface Created {
  messages: { suppressed: number; email_ids: string[] }[];
}

interface Email {
  state: string;
  reason: string | null;
  attempts: number;
}

let stack: Stack;
let gateway: Gateway;
let list: SuppressionList;

beforeAll(async () => {
  stack = await Stack.start({ env: { TRACKING_SECRET: SECRET } });
  gateway = await stack.gateway();
  list = new SuppressionList(gateway);
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

function message(topic_id: string, emails: string[], fields: object = {}) {
  return { topic_id, emails, subject: 'Hello', content: '<p>Hello</p>', ...fields };
}

async function submit(...messages: object[]): Promise<Created> {
  return (await answerOf(await stack.post(gateway, { messages }))) as Created;
}

/** The link of a mail that will not be sent before tomorrow. */
async function linkOf(topicId: string, address: string): Promise<string> {
  const scheduled_at = new Date(Date.now() + 86_400_000).toISOString();
  const { messages } = await submit(message(topicId, [address], { scheduled_at }));
  return linkTo(messages[0].email_ids[0]);
}

function linkTo(emailId: string): string {
  return `${gateway.url}/v1/unsubscribe/${emailId}.${unsubscribeToken(SECRET, emailId)}`;
}

function post(link: string, body = '', type = 'application/x-www-form-urlencoded'): Promise<Response> {
  return fetch(link, { method: 'POST', redirect: 'error', ...(body && { headers: { 'content-type': type }, body }) });
}

async function pageOf(response: Response, status = 200): Promise<string> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^ ]+';/);
  return response.text();
}

/** What is suppressed of an address, as topic and reason. */
async function suppressionsOf(address: string): Promise<string[]> {
  const { data } = await list.read(`?address=${encodeURIComponent(address)}`);
  return data.map(({ topic_id, reason }) => `${topic_id ?? 'all'} ${reason}`).sort();
}

describe('a link of ours', () => {
  it('shows a page with one button, which changes nothing', async () => {
    const address = "o'looker&co@example.com";
    const link = await linkOf('news', address);
    for (const method of ['GET', 'HEAD', 'GET']) {
      const html = await pageOf(await fetch(link, { method }));
      if (method === 'HEAD') continue;
      expect(html).toContain('<strong>o***@example.com</strong>');
      expect(html).not.toContain('looker');
      expect(html).not.toContain('news');
      expect(html.match(/<button/g)).toHaveLength(1);
      expect(html).toContain('<input type="checkbox" name="scope" value="all">');
      expect(html).not.toMatch(/<script|https?:\/\/|\son\w+=/);
    }
    expect(await suppressionsOf(address)).toEqual([]);
  });

  it.each([
    ['a form', ONE_CLICK, 'application/x-www-form-urlencoded'],
    [
      'a multipart form',
      `--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n`,
      'multipart/form-data; boundary=b',
    ],
    ['nothing at all', '', ''],
    ['plain text', ONE_CLICK, 'text/plain'],
  ])('takes its recipient off the topic by one POST of %s, and once more', async (what, body, type) => {
    const address = `${what.replaceAll(' ', '-')}@example.com`;
    const link = await linkOf('news', address);
    for (let i = 0; i < 2; i++) {
      const html = await pageOf(await post(link, body, type));
      expect(html).toContain('You are unsubscribed');
      expect(html).not.toContain('<form');
    }
    expect(await suppressionsOf(address)).toEqual(['news unsubscribe']);
    const { messages } = await submit(message('news', [address]), message('other', [address]));
    expect(messages.map(({ suppressed }) => suppressed)).toEqual([1, 0]);
    const [{ source }] = (await list.read(`?address=${address}`)).data;
    expect(link).toContain(source);
  });

  it.each([
    ['scope=all', 'application/x-www-form-urlencoded'],
    ['--b\r\nContent-Disposition: form-data; name="scope"\r\n\r\nall\r\n--b--', 'multipart/form-data; boundary="b"'],
  ])('takes its recipient off all mail with %j', async (body, type) => {
    const address = `all${type.length}@example.com`;
    expect(await pageOf(await post(await linkOf('news', address), body, type))).toContain(
      'no more mail from this sender',
    );
    expect(await suppressionsOf(address)).toEqual(['all unsubscribe']);
  });

  it('takes its recipient off all mail where there is no topic', async () => {
    const link = await linkOf('', 'untopical@example.com');
    expect(await pageOf(await fetch(link))).not.toContain('<input');
    await pageOf(await post(link, ONE_CLICK));
    expect(await suppressionsOf('untopical@example.com')).toEqual(['all unsubscribe']);
  });

  it('takes at most 4 KB, and no other route takes a form', async () => {
    const link = await linkOf('news', 'large@example.com');
    await expectProblem(await post(link, 'x'.repeat(4_097)), 413, 'payload_too_large');
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/x-www-form-urlencoded' };
    const elsewhere = await fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body: 'a=b' });
    await expectProblem(elsewhere, 415, 'unsupported_media_type');
    expect(await suppressionsOf('large@example.com')).toEqual([]);
  });

  it('is answered 503 without a database, and nothing is said to be done', async () => {
    const link = await linkOf('news', 'later@example.com');
    const gate = await TcpGate.before(stack.databaseUrl);
    await gate.open();
    const cut = await stack.gateway({ DATABASE_URL: gate.url, SCHEDULER_ENABLED: 'false' });
    await gate.close();
    const response = await post(link.replace(gateway.url, cut.url), ONE_CLICK);
    expect(response.headers.get('retry-after')).toBe('60');
    expect(await pageOf(response, 503)).toContain('Nothing was changed');
    await gate.open();
    await eventually(
      async () => (await post(link.replace(gateway.url, cut.url))).status === 200,
      SOON_MS,
      'the database',
    );
    expect(await suppressionsOf('later@example.com')).toEqual(['news unsubscribe']);
    await cut.stop();
    await gate.close();
  });
});

describe('a link that is not ours', () => {
  it('is told so, by page and by POST, and changes nothing', async () => {
    const link = await linkOf('news', 'victim@example.com');
    const neighbour = await linkOf('news', 'neighbour@example.com');
    const [, id, token] = /unsubscribe\/(.*)\.(.*)$/.exec(link)!;
    const [, other] = /unsubscribe\/(.*)\./.exec(neighbour)!;
    const changed = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`;
    const unknown = '01900000-0000-7000-8000-0000000000aa';
    const forged = [
      `${other}.${token}`,
      `${id}.${changed}`,
      `${id}.${token}x`,
      `${id}.${token.slice(1)}`,
      `${id}.`,
      id,
      token,
      `${unknown}.${unsubscribeToken(SECRET, unknown)}`,
      `${id}.${unsubscribeToken('another secret!!', id)}`,
      '%00',
      'x'.repeat(1_000),
    ];
    for (const reference of forged) {
      const url = `${gateway.url}/v1/unsubscribe/${reference}`;
      expect(await pageOf(await fetch(url), 404), reference).toContain('not valid');
      expect(await pageOf(await post(url, ONE_CLICK), 404), reference).toContain('not valid');
    }
    expect(await suppressionsOf('victim@example.com')).toEqual([]);
    expect(await suppressionsOf('neighbour@example.com')).toEqual([]);
  });
});

describe('who unsubscribed from one topic', () => {
  const address = 'picky@example.com';

  function email(id: string): Promise<Email> {
    return stack.get<Email>(gateway, `/v1/emails/${id}`);
  }

  it('gets the mail of the others: at acceptance, at dispatch and at sending', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const scheduled = await submit(message('letters', [address], { scheduled_at: inAnHour }));
    const streamed = await submit(message('letters', [address, 'other@example.com']));
    await eventually(
      async () => (await stack.topic(gateway, 'letters')).states.dispatched === 2,
      SOON_MS,
      'the dispatch',
    );
    await pageOf(await post(linkTo(streamed.messages[0].email_ids[0])));

    const accepted = await submit(...['letters', 'alerts', ''].map((topicId) => message(topicId, [address])));
    expect(accepted.messages.map(({ suppressed }) => suppressed)).toEqual([1, 0, 0]);
    const refused = [scheduled, streamed, accepted].map((created) => created.messages[0].email_ids[0]);
    await stack.makeDue('letters');

    const sender = await stack.sender();
    const sent = accepted.messages.slice(1).map(({ email_ids }) => email_ids[0]);
    for (const id of sent) await eventually(async () => (await email(id)).state === 'sent', SOON_MS, 'the others');
    for (const id of refused) {
      await eventually(async () => (await email(id)).state === 'suppressed', SOON_MS, 'the refusal');
      expect(await email(id)).toMatchObject({ reason: 'suppressed: unsubscribe', attempts: 0 });
    }
    expect(stack.sink.mails.filter(({ to }) => to[0] === address)).toHaveLength(2);
    await sender.stop();
  });

  it('is told so by a dry run, and of both reasons the one for all mail', async () => {
    const verdicts = async () => {
      const messages = ['letters', 'alerts'].map((topicId) => message(topicId, [address]));
      const url = `${gateway.url}/v1/messages?dry_run=true`;
      const headers = { 'content-type': 'application/json', 'x-api-key': API_KEY };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ messages }) });
      const dryRun = (await answerOf(response)) as {
        messages: { recipients: { verdict: string; reason?: string }[] }[];
      };
      return dryRun.messages.map(({ recipients: [{ verdict, reason }] }) => `${verdict} ${reason ?? ''}`.trim());
    };
    expect(await verdicts()).toEqual(['suppressed unsubscribe', 'valid']);
    await list.add({ address, reason: 'complaint' });
    expect(await verdicts()).toEqual(['suppressed complaint', 'suppressed complaint']);
    expect(await list.release(address)).toEqual({ removed: 1 });
    expect(await verdicts()).toEqual(['suppressed unsubscribe', 'valid']);
    expect(await list.release({ address, topic_id: 'letters' })).toEqual({ removed: 1 });
    expect(await verdicts()).toEqual(['valid', 'valid']);
  });
});
