import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clickUrl } from '../../src/compose/tracked-body.js';
import { clickToken, openToken } from '../../src/contracts/tokens.js';
import { eventually } from '../support/eventually.js';
import { decodePng } from '../support/png.js';
import { expectProblem } from '../support/problems.js';
import { type Gateway, Stack } from '../support/stack.js';
import { TcpGate } from '../support/tcp-gate.js';

const SECRET = 'a secret for the tests';
const PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';
const GMAIL = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)';
const PAGE = 'https://shop.example/größe?a=1&b=2';
interface Mail {
  emailId: string;
  html: string;
  /** Of the pixel; null where there is none. */
  pixel: string | null;
  links: string[];
}

interface StoredEvent {
  type: string;
  is_machine: boolean;
  detail: Record<string, unknown> | null;
}

describe('tracking', () => {
  let stack: Stack;
  let gateway: Gateway;
  let next = 0;

  beforeAll(async () => {
    stack = await Stack.start({ env: { TRACKING_SECRET: SECRET } });
    gateway = await stack.gateway();
    await stack.sender();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function submit(fields: object = {}): Promise<string[]> {
    const content = `<p>Hi</p><a href="${PAGE.replace('&', '&amp;')}">a</a><a href="mailto:a@b.cd">b</a>`;
    const message = { topic_id: 'tracked', emails: [`p${next++}@example.com`], subject: 'Hello', content, ...fields };
    const response = await stack.post(gateway, { messages: [message] });
    expect(response.status, await response.clone().text()).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  async function received(emailId: string): Promise<Mail> {
    const { raw } = await stack.sink.waitFor((mail) => mail.raw.includes(emailId), 10_000);
    await eventually(
      async () => (await stack.get<{ state: string }>(gateway, `/v1/emails/${emailId}`)).state === 'sent',
      5_000,
      'the state sent',
    );
    const html = (await simpleParser(raw)).html as string;
    const [, pixel = null] = /<img src="([^"]*\/v1\/events\/open[^"]*)"/.exec(html) ?? [];
    const links = [...html.matchAll(/<a href="([^"]*)"/g)].map(([, link]) => link);
    return { emailId, html, pixel, links };
  }

  async function send(fields: object = {}): Promise<Mail> {
    const [emailId] = await submit(fields);
    return received(emailId);
  }

  async function fetchPixel(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    const response = await fetch(url, { method, headers: { 'user-agent': PERSON, ...headers } });
    expect(response.status, url).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('cache-control')).toBe('no-store');
    return response;
  }

  async function expectPixel(url: string, headers?: Record<string, string>): Promise<void> {
    const response = await fetchPixel(url, headers);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(Number(response.headers.get('content-length'))).toBe(bytes.length);
    expect(decodePng(bytes)).toEqual({ width: 1, height: 1, pixels: [[0, 0, 0, 0]] });
  }

  /** As if the mail had been sent a minute before: sooner after it no person opens it. */
  async function letTimePass(emailId: string): Promise<void> {
    await stack.query(`UPDATE emails SET sent_at = sent_at - interval '1 minute' WHERE id = $1`, [emailId]);
  }

  function openUrl(query: string): string {
    return `${gateway.url}/v1/events/open?${query}`;
  }

  function click(url: string, method = 'GET'): Promise<Response> {
    return fetch(url, { method, redirect: 'manual', headers: { 'user-agent': PERSON } });
  }

  function eventsOf(emailId: string): Promise<StoredEvent[]> {
    return stack.query<StoredEvent & Record<string, unknown>>(
      'SELECT type, is_machine, detail FROM events WHERE email_id = $1 ORDER BY type, is_machine',
      [emailId],
    );
  }

  async function counts(topicId: string): Promise<number[]> {
    const [row] = await stack.query<Record<string, string>>(
      'SELECT open, human_open, click FROM topic_counters WHERE topic_id = $1',
      [topicId],
    );
    return [row.open, row.human_open, row.click].map(Number);
  }

  async function allEvents(): Promise<number> {
    const [{ count }] = await stack.query<{ count: number }>('SELECT count(*)::int AS count FROM events');
    return count;
  }

  /** What a fetch has left: it is answered after 50 ms, committed or not. */
  function soon<Value>(read: () => Promise<Value>) {
    return expect.poll(read, { timeout: 5_000, interval: 20 });
  }

  /** Nothing but an open that was fetched behind all that must not count. */
  async function expectNothingSince(before: number): Promise<void> {
    const { emailId, pixel } = await send();
    await expectPixel(pixel!);
    await soon(() => eventsOf(emailId)).toHaveLength(1);
    expect(await allEvents()).toBe(before + 1);
  }

  describe('opens', () => {
    it('come once from the pixel of a delivered mail, however many ask for it at once', async () => {
      const { emailId, pixel } = await send({ topic_id: 'once' });
      expect(pixel).toBe(openUrl(`requestId=${emailId}&s=${openToken(SECRET, emailId)}`));
      await letTimePass(emailId);
      await Promise.all(Array.from({ length: 100 }, () => expectPixel(pixel!)));
      await soon(() => eventsOf(emailId)).toEqual([{ type: 'Open', is_machine: false, detail: null }]);
      expect(await counts('once')).toEqual([1, 1, 0]);
    });

    it.each([
      ['apple', { 'user-agent': 'Mozilla/5.0' }, 'apple_privacy'],
      ['gmail', { 'user-agent': GMAIL }, 'image_proxy'],
      ['prefetch', { 'sec-purpose': 'prefetch;prerender' }, 'prefetch'],
      ['too-soon', {}, 'too_soon'],
    ])('of a machine (%s) are told from a later one of a person, and counted once', async (topic, headers, machine) => {
      const { emailId, pixel } = await send({ topic_id: topic });
      if (machine !== 'too_soon') await letTimePass(emailId);
      await expectPixel(pixel!, headers);
      await expectPixel(pixel!, headers);
      await soon(() => eventsOf(emailId)).toEqual([{ type: 'Open', is_machine: true, detail: { machine } }]);
      expect(await counts(topic)).toEqual([1, 0, 0]);
      if (machine === 'too_soon') await letTimePass(emailId);
      await expectPixel(pixel!);
      await soon(async () => (await eventsOf(emailId)).map(({ is_machine }) => is_machine)).toEqual([false, true]);
      expect(await counts(topic)).toEqual([1, 1, 0]);
    });

    it('count without a signature and in capitals, as old links do', async () => {
      const { emailId } = await send({ topic_id: 'old' });
      await expectPixel(openUrl(`requestId=${emailId.toUpperCase()}`));
      await soon(() => counts('old')).toEqual([1, 0, 0]);
    });

    it('are an image and nothing else for what names no email, names it wrongly or only looks', async () => {
      const { emailId, pixel } = await send();
      const before = await allEvents();
      for (const query of [
        '',
        'requestId=',
        'requestId=abc',
        'requestId=00000000-0000-0000-0000-000000000000',
        'requestId=01900000-0000-7000-8000-0000000000aa',
        `requestId={${emailId}}`,
        `requestId=${emailId}&requestId=${emailId}`,
        `requestId=${emailId}%00`,
        `requestId=${'x'.repeat(8_192)}`,
        'requestId=%zz',
        'requestId[]=1&__proto__=2',
        `requestId=${emailId}&s=`,
        `requestId=${emailId}&s=${'A'.repeat(22)}`,
        `requestId=${emailId}&s=${openToken(SECRET, emailId)}x`,
        `requestId=${emailId}&s=${openToken('another secret', emailId)}`,
        `requestId=${emailId}&s=${openToken(SECRET, emailId)}&s=${openToken(SECRET, emailId)}`,
      ]) {
        await expectPixel(openUrl(query));
      }
      const head = await fetchPixel(pixel!, {}, 'HEAD');
      expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
      expect(await head.text()).toBe('');
      await fetchPixel(pixel!.replace(emailId, '01900000-0000-7000-8000-0000000000aa'), { range: 'bytes=0-0' });
      expect((await fetch(pixel!, { method: 'POST' })).status).toBe(404);
      await expectNothingSince(before);
    });

    it('that nobody signed keep no mail from being sent', async () => {
      const scheduled_at = new Date(Date.now() + 3_600_000).toISOString();
      const [emailId] = await submit({ topic_id: 'forged', scheduled_at });
      await expectPixel(openUrl(`requestId=${emailId}`));
      await soon(() => counts('forged')).toEqual([1, 0, 0]);
      expect(await stack.get(gateway, `/v1/emails/${emailId}`)).toMatchObject({ state: 'pending' });
      await stack.makeDue('forged');
      await received(emailId);
    });

    it('are not tracked where the message or the recipient does not want it', async () => {
      const content = '<p>x</p>';
      expect((await send({ content, track_opens: false })).html.trimEnd()).toBe(content);
      const [plain, without, also] = await submit({
        content,
        emails: [
          'o1@example.com',
          { email: 'o2@example.com', track_opens: false },
          { email: 'o3@example.com', track_opens: true },
        ],
      });
      expect((await received(plain)).pixel).toContain(plain);
      expect((await received(without)).html.trimEnd()).toBe(content);
      expect((await received(also)).pixel).toContain(also);
      const [off, on] = await submit({
        content,
        track_opens: false,
        emails: ['o4@example.com', { email: 'o5@example.com', track_opens: true }],
      });
      expect((await received(off)).pixel).toBeNull();
      expect((await received(on)).pixel).toContain(on);
      const stored = await stack.query<{ address: string; tracking: number }>(
        'SELECT address, tracking FROM emails WHERE tracking IS NOT NULL ORDER BY address',
      );
      expect(stored).toEqual([
        { address: 'o2@example.com', tracking: 0 },
        { address: 'o5@example.com', tracking: 1 },
      ]);
    });
  });

  describe('clicks', () => {
    it('lead from a delivered mail to its page, and count once per email', async () => {
      const { emailId, links } = await send({ topic_id: 'click', track_clicks: true, track_opens: false });
      expect(links).toEqual([clickUrl(gateway.url, emailId, PAGE, clickToken(SECRET, emailId, PAGE)), 'mailto:a@b.cd']);
      expect((await click(links[0], 'HEAD')).status).toBe(302);
      expect(await eventsOf(emailId)).toEqual([]);
      await letTimePass(emailId);
      for (let i = 0; i < 2; i++) {
        const response = await click(links[0]);
        expect(response.status).toBe(302);
        expect(response.headers.get('location')).toBe(new URL(PAGE).href);
        expect(response.headers.get('cache-control')).toBe('no-store');
      }
      await soon(() => eventsOf(emailId)).toEqual([{ type: 'Click', is_machine: false, detail: { link: PAGE } }]);
      expect(await counts('click')).toEqual([0, 0, 1]);
    });

    it('leave the links as they are where nobody asked, and rewrite those of one recipient who did', async () => {
      const [plain, tracked] = await submit({
        emails: ['c1@example.com', { email: 'c2@example.com', track_clicks: true }],
      });
      expect((await received(plain)).links[0]).toBe(PAGE.replace('&', '&amp;'));
      expect((await received(tracked)).links[0]).toContain('/v1/events/click?');
    });

    it('lead nowhere that was not signed, nor to what is no page', async () => {
      const [emailId] = await submit();
      const before = await allEvents();
      const signed = (url: string) => clickUrl(gateway.url, emailId, url, clickToken(SECRET, emailId, url));
      for (const url of [
        `${gateway.url}/v1/events/click`,
        signed(PAGE).replace('shop', 'evil'),
        signed(PAGE).replace(emailId, '01900000-0000-7000-8000-0000000000aa'),
        signed(PAGE).replace(/.$/, ''),
        signed(PAGE).replace('&s=', '&t='),
        `${signed(PAGE)}&url=https://evil.example/`,
        signed('javascript:alert(1)'),
        signed('data:text/html,x'),
        signed('//evil.example/'),
        signed('/evil'),
        signed('https://a.example/\r\nSet-Cookie: x=1'),
        signed('https://a.example/\tx'),
        signed('\u0001https://a.example/'),
      ]) {
        const response = await click(url);
        expect(response.headers.get('location'), url).toBeNull();
        await expectProblem(response, 400, 'link_invalid');
      }
      await expectNothingSince(before);
    });

    it('need a secret', async () => {
      const plain = await stack.gateway({ TRACKING_SECRET: '', SCHEDULER_ENABLED: 'false' });
      for (const fields of [{ track_clicks: true }, { emails: [{ email: 'a@b.cd', track_clicks: true }] }]) {
        const message = { emails: ['a@b.cd'], subject: 's', content: 'c', ...fields };
        const problem = await expectProblem(await stack.post(plain, { messages: [message] }), 400, 'validation_failed');
        expect(problem).toMatchObject({ errors: [{ code: 'tracking_secret_missing' }] });
      }
      await plain.stop();
    });
  });

  it('shows what of a message is tracked', async () => {
    const message = { emails: ['m@example.com'], subject: 's', content: 'c', track_opens: false, track_clicks: true };
    const response = await stack.post(gateway, { messages: [message] });
    const { messages } = (await response.json()) as { messages: { id: string }[] };
    expect(await stack.get(gateway, `/v1/messages/${messages[0].id}`)).toMatchObject({
      track_opens: false,
      track_clicks: true,
    });
  });

  it('stores who fetched only where that is wanted', async () => {
    const curious = await stack.gateway({ STORE_CLIENT_DETAILS: 'true', SCHEDULER_ENABLED: 'false' });
    const { emailId, pixel } = await send();
    await letTimePass(emailId);
    await expectPixel(pixel!.replace(gateway.url, curious.url));
    const detail = { ip: '127.0.0.1', user_agent: PERSON };
    await soon(() => eventsOf(emailId)).toEqual([{ type: 'Open', is_machine: false, detail }]);
    await curious.stop();
  });

  it('answers images and redirects in time when PostgreSQL is away, and says what it could not record', async () => {
    const { emailId, pixel, links } = await send({ track_clicks: true });
    const gate = await TcpGate.before(stack.databaseUrl);
    await gate.open();
    const cut = await stack.gateway({ DATABASE_URL: gate.url, SCHEDULER_ENABLED: 'false' });
    await gate.close();
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      const startedMs = performance.now();
      await expectPixel(pixel!.replace(gateway.url, cut.url));
      times.push(performance.now() - startedMs);
    }
    times.sort((a, b) => a - b);
    expect(times[27]).toBeLessThan(500);
    const response = await click(links[0].replace(gateway.url, cut.url));
    expect([response.status, response.headers.get('location')]).toEqual([302, new URL(PAGE).href]);
    expect(await eventsOf(emailId)).toEqual([]);
    await eventually(
      () => Promise.resolve(cut.output.includes('opens or clicks were not recorded')),
      10_000,
      'the warning',
    );
    expect(cut.output.match(/opens or clicks were not recorded/g)).toHaveLength(1);
    await gate.open();
    await cut.answers(`${cut.url}/health/ready`);
    await expectPixel(pixel!.replace(gateway.url, cut.url));
    await soon(() => eventsOf(emailId)).toHaveLength(1);
    await cut.stop();
    await gate.close();
  });
});
