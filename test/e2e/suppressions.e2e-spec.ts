import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';

const READ_KEY = 'read-key-0123456789abcdef';
const SOON_MS = 10_000;

interface Created {
  count: number;
  messages: { id: string; count: number; suppressed: number; email_ids: string[] }[];
}

interface Listed {
  data: { address: string; reason: string; source: string; created_at: string }[];
  next_cursor: string | null;
}

interface Email {
  state: string;
  reason: string | null;
  attempts: number;
}

let stack: Stack;
let gateway: Gateway;
let sender: Child | null = null;

beforeAll(async () => {
  stack = await Stack.start({ env: { API_KEYS: `reader:read=${READ_KEY}` } });
  gateway = await stack.gateway();
});

afterEach(async () => {
  await sender?.stop();
  sender = null;
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

/** Any route of the list, with its answer as it is. */
function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/suppressions${path}`, {
    method,
    headers: { 'x-api-key': API_KEY, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as unknown;
}

async function suppress(...addresses: unknown[]): Promise<unknown> {
  return answerOf(await call('POST', '', { addresses }));
}

function importCsv(csv: string): Promise<Response> {
  return call('POST', '', csv, { 'content-type': 'text/csv' });
}

function submission(topic_id: string, emails: unknown[], fields: object = {}) {
  return { messages: [{ topic_id, emails, subject: 'Hello', content: '<p>Hello</p>', ...fields }] };
}

async function submit(topicId: string, emails: unknown[], fields: object = {}, to = gateway): Promise<Created> {
  return (await answerOf(await stack.post(to, submission(topicId, emails, fields)))) as Created;
}

function email(id: string): Promise<Email> {
  return stack.get<Email>(gateway, `/v1/emails/${id}`);
}

async function states(topicId: string): Promise<Record<string, number>> {
  const page = await stack.topic(gateway, topicId);
  return Object.fromEntries(Object.entries(page.states).filter(([, count]) => count > 0));
}

function mailsTo(address: string): number {
  return stack.sink.mails.filter(({ to }) => to[0].toLowerCase() === address.toLowerCase()).length;
}

describe('a suppressed address', () => {
  it('gets an id and no mail: at acceptance, without case', async () => {
    await suppress('Blocked@Example.com', { address: 'complained@example.com', reason: 'complaint' });
    sender = await stack.sender();
    const { count, messages } = await submit('accept', [
      'first@example.com',
      'BLOCKED@example.com',
      'complained@example.com',
      'last@example.com',
    ]);
    expect({ count, message: messages[0] }).toMatchObject({ count: 4, message: { count: 4, suppressed: 2 } });
    expect(new Set(messages[0].email_ids).size).toBe(4);
    const [first, blocked, complained] = messages[0].email_ids;
    expect(await email(blocked)).toMatchObject({ state: 'suppressed', reason: 'suppressed: manual', attempts: 0 });
    expect(await email(complained)).toMatchObject({ state: 'suppressed', reason: 'suppressed: complaint' });

    await eventually(async () => (await email(first)).state === 'sent', SOON_MS, 'the first mail');
    await eventually(async () => (await states('accept')).sent === 2, SOON_MS, 'both mails');
    expect(await states('accept')).toEqual({ sent: 2, suppressed: 2 });
    expect((await stack.topic(gateway, 'accept')).request).toMatchObject({ total: 4, sent: 2, stopped: 2 });
    expect([mailsTo('blocked@example.com'), mailsTo('complained@example.com')]).toEqual([0, 0]);
  });

  it('leaves nothing behind that waits, where a whole message is suppressed', async () => {
    await suppress('nobody1@example.com', 'nobody2@example.com');
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await submit('nobody', ['nobody1@example.com', 'nobody2@example.com'], { scheduled_at: inAnHour });
    expect(await states('nobody')).toEqual({ suppressed: 2 });
    expect(await stack.query(`SELECT state, size FROM batches WHERE topic_id = 'nobody'`)).toEqual([
      { state: 9, size: 0 },
    ]);
    expect(await stack.recount()).toBe('');
  });

  it('gets no mail that was scheduled before', async () => {
    const inTwoSeconds = new Date(Date.now() + 2_000).toISOString();
    const { messages } = await submit('scheduled', ['kept@example.com', 'Late@example.com'], {
      scheduled_at: inTwoSeconds,
    });
    expect(messages[0].suppressed).toBe(0);
    const whole = await submit('scheduled-whole', ['late@example.com'], { scheduled_at: inTwoSeconds });
    expect(await states('scheduled')).toEqual({ pending: 2 });
    await suppress({ address: 'late@example.com', reason: 'unsubscribe' });

    const [kept, late] = messages[0].email_ids;
    await eventually(async () => (await email(late)).state !== 'pending', SOON_MS, 'the dispatch');
    expect(await email(late)).toMatchObject({ state: 'suppressed', reason: 'suppressed: unsubscribe', attempts: 0 });
    await eventually(async () => (await email(kept)).state === 'dispatched', SOON_MS, 'the dispatch of the other');
    expect(await states('scheduled')).toEqual({ dispatched: 1, suppressed: 1 });
    await eventually(
      async () => (await email(whole.messages[0].email_ids[0])).state === 'suppressed',
      SOON_MS,
      'the end of a message whose only recipient was suppressed',
    );
    expect(await stack.query(`SELECT id FROM batches WHERE topic_id LIKE 'scheduled%' AND state = 0`)).toEqual([]);

    sender = await stack.sender();
    await stack.sink.waitFor(({ to }) => to[0] === 'kept@example.com', SOON_MS);
    expect(mailsTo('late@example.com')).toBe(0);
  });

  it('gets no mail that is in the stream already', async () => {
    const { messages } = await submit('in-stream', ['streamed@example.com', 'Caught@Example.com']);
    await eventually(async () => (await states('in-stream')).dispatched === 2, SOON_MS, 'the dispatch');
    await suppress('caught@example.com');

    sender = await stack.sender();
    await stack.sink.waitFor(({ to }) => to[0] === 'streamed@example.com', SOON_MS);
    const caught = messages[0].email_ids[1];
    await eventually(async () => (await email(caught)).state !== 'dispatched', SOON_MS, 'the verdict');
    expect(await email(caught)).toMatchObject({ state: 'suppressed', reason: 'suppressed: manual', attempts: 0 });
    const manager = await stack.nats.jetstreamManager();
    await eventually(
      async () => (await manager.streams.info(stack.name)).state.messages === 0,
      SOON_MS,
      'the acknowledgement of both',
    );
    expect(mailsTo('caught@example.com')).toBe(0);
    await eventually(async () => (await states('in-stream')).sent === 1, SOON_MS, 'the outcome');
    expect(await states('in-stream')).toEqual({ sent: 1, suppressed: 1 });
  });

  it('gets mail again when it is released', async () => {
    await suppress('back@example.com', 'also@example.com');
    await stack.query(`INSERT INTO soft_bounces VALUES ('back@example.com', 5, now())`);
    expect((await submit('released', ['back@example.com'])).messages[0].suppressed).toBe(1);

    expect(await answerOf(await call('DELETE', `/${encodeURIComponent('Back@Example.com')}`))).toEqual({ removed: 1 });
    expect(await answerOf(await call('DELETE', '/back@example.com'))).toEqual({ removed: 0 });
    const both = { addresses: ['ALSO@example.com', 'back@example.com'] };
    expect(await answerOf(await call('DELETE', '', both))).toEqual({ removed: 1 });
    expect(await stack.query('SELECT * FROM soft_bounces')).toEqual([]);

    sender = await stack.sender();
    expect((await submit('released', ['back@example.com'])).messages[0].suppressed).toBe(0);
    await stack.sink.waitFor(({ to }) => to[0] === 'back@example.com', SOON_MS);
  });
});

describe('the list', () => {
  it('counts what is new, keeps the first reason, and names who added it', async () => {
    expect(await suppress('one@list.example', { address: 'two@list.example', reason: 'bounce' })).toEqual({
      added: 2,
      already: 0,
      rejected: [],
      rejected_count: 0,
    });
    expect(await suppress({ address: 'ONE@list.example', reason: 'bounce' }, 'three@list.example')).toMatchObject({
      added: 1,
      already: 1,
    });
    const { data } = (await answerOf(await call('GET', '?address=One@List.example'))) as Listed;
    expect(data).toEqual([
      { address: 'one@list.example', reason: 'manual', source: 'default', created_at: expect.any(String) as string },
    ]);
    const bounced = (await answerOf(await call('GET', '?reason=bounce'))) as Listed;
    expect(bounced.data.map(({ address }) => address)).toEqual(['two@list.example']);
  });

  it('refuses bad addresses with a pointer to each, and adds none', async () => {
    const addresses = ['good@refused.example', 'nobody', { address: 'x@refused.example', reason: 'spite' }, 7];
    const { errors } = await expectProblem(await call('POST', '', { addresses }), 400, 'validation_failed');
    expect(errors?.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/addresses/1 invalid_email',
      '/addresses/2 invalid_reason',
      '/addresses/3 invalid_type',
    ]);
    expect(await answerOf(await call('GET', '?address=good@refused.example'))).toMatchObject({ data: [] });
  });

  it.each(['?limit=0', '?limit=501', '?cursor=x', '?reason=spite', '?address=nobody', '?format=xml', '?page=2'])(
    'refuses %s',
    async (query) => {
      await expectProblem(await call('GET', query), 400, 'validation_failed');
    },
  );

  it('is read and not written with a key that may only read', async () => {
    const reader = { 'x-api-key': READ_KEY };
    expect((await call('GET', '', undefined, reader)).status).toBe(200);
    const body = { addresses: ['a@b.cd'] };
    await expectProblem(await call('POST', '', body, reader), 403, 'forbidden');
    await expectProblem(await call('POST', '', 'a@b.cd', { ...reader, 'content-type': 'text/csv' }), 403, 'forbidden');
    await expectProblem(await call('DELETE', '', body, reader), 403, 'forbidden');
    await expectProblem(await call('DELETE', '/a@b.cd', undefined, reader), 403, 'forbidden');
  });

  it('is not emptied by a DELETE without a body', async () => {
    await expectProblem(await call('DELETE', ''), 400, 'malformed_json');
  });
});

describe('a list of 5,000', () => {
  const addresses = recipients(5_000, 'listed').map(
    (address, index) => `${address},${index % 2 ? 'bounce' : 'manual'}`,
  );

  async function exported(query: string, headers: Record<string, string> = {}): Promise<string[]> {
    const response = await call('GET', query, undefined, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (await response.text()).split('\r\n');
    expect(lines.shift()).toBe('address,reason,source,created_at');
    expect(lines.pop()).toBe('');
    return lines;
  }

  it('is imported, read page by page, exported, released and imported again from its export', async () => {
    await stack.query('DELETE FROM suppressions');
    const csv = `address,reason\r\n${addresses.join('\r\n')}\r\n`;
    expect(await answerOf(await importCsv(csv))).toMatchObject({ added: 5_000, already: 0, rejected_count: 0 });
    expect(await answerOf(await importCsv(csv))).toMatchObject({ added: 0, already: 5_000 });
    await suppress('newest@example.com');

    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '?limit=500' : `?limit=500&cursor=${cursor}`;
      const page = (await answerOf(await call('GET', query))) as Listed;
      paged.push(...page.data.map(({ address, reason }) => `${address},${reason}`));
      cursor = page.next_cursor;
    }
    expect(paged[0]).toBe('newest@example.com,manual');
    expect(paged.slice(1).sort()).toEqual([...addresses].sort());

    const all = await exported('', { accept: 'text/csv' });
    expect(all.map((line) => line.split(',').slice(0, 2).join(','))).toEqual(paged);
    expect(await exported('?format=csv&reason=bounce')).toHaveLength(2_500);

    const released = { addresses: paged.map((line) => line.split(',')[0]) };
    expect(await answerOf(await call('DELETE', '', released))).toEqual({ removed: 5_001 });
    const copy = `address,reason,source,created_at\r\n${all.join('\r\n')}`;
    expect(await answerOf(await importCsv(copy))).toMatchObject({ added: 5_001, rejected: [] });
    const again = await exported('?format=csv');
    const content = (lines: string[]) => lines.map((line) => line.split(',').slice(0, 2).join(',')).sort();
    expect(content(again)).toEqual(content(all));
  });

  it('leaves out the lines that it cannot read', async () => {
    expect(await answerOf(await importCsv('lines@example.com\nnobody\n'))).toEqual({
      added: 1,
      already: 0,
      rejected: [{ line: 2, detail: 'has no @' }],
      rejected_count: 1,
    });
  });

  it('is refused above the largest body, and as CSV where JSON is wanted', async () => {
    const small = await stack.gateway({ MAX_BODY_BYTES: '1024' });
    const init = { method: 'POST', headers: { 'x-api-key': API_KEY, 'content-type': 'text/csv' } };
    const body = addresses.join('\n');
    await expectProblem(await fetch(`${small.url}/v1/suppressions`, { ...init, body }), 413, 'payload_too_large');
    const chunked = new Blob([body]).stream();
    const response = await fetch(`${small.url}/v1/suppressions`, {
      ...init,
      body: chunked,
      duplex: 'half',
    } as RequestInit);
    await expectProblem(response, 413, 'payload_too_large');
    await expectProblem(await fetch(`${gateway.url}/v1/messages`, { ...init, body }), 415, 'unsupported_media_type');
    await small.stop();
  });

  it('may break off halfway without harm', async () => {
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = ['POST /v1/suppressions HTTP/1.1', 'host: x', `x-api-key: ${API_KEY}`, 'content-type: text/csv'];
    socket.write(`${[...head, 'content-length: 1000000'].join('\r\n')}\r\n\r\nbroken@example.com\nbroken`);
    await sleep(200);
    socket.destroy();
    await sleep(200);
    expect(await answerOf(await call('GET', '?address=broken@example.com'))).toMatchObject({ data: [] });
    expect(gateway.output).not.toMatch(/\bERROR\b|failed/i);
  });

  it('blocks 4,000 of 8,000 recipients at acceptance', async () => {
    const emails = [...recipients(4_000, 'listed'), ...recipients(4_000, 'unlisted')];
    const parts = Array.from({ length: 8 }, (_, index) => emails.slice(index * 1_000, (index + 1) * 1_000));
    const messages = parts.map((part) => submission('many', part).messages[0]);
    const created = (await answerOf(await stack.post(gateway, { messages }))) as Created;
    expect(created.messages.map(({ suppressed }) => suppressed)).toEqual([1_000, 1_000, 1_000, 1_000, 0, 0, 0, 0]);
    await eventually(async () => (await states('many')).dispatched === 4_000, SOON_MS, 'the dispatch');
    expect(await states('many')).toEqual({ dispatched: 4_000, suppressed: 4_000 });
    expect(await stack.recount()).toBe('');
  });
});

describe('ALLOWED_RECIPIENTS', () => {
  const here = { ALLOWED_RECIPIENTS: 'ada@example.com,staging.example' };

  it('lets mail to its addresses and domains through, and no other', async () => {
    const staging = await stack.gateway(here);
    sender = await stack.sender(here);
    const emails = ['ADA@example.com', 'bob@example.com', 'anybody@staging.example', 'x@sub.staging.example'];
    const { messages } = await submit('allowed', emails, {}, staging);
    expect(messages[0]).toMatchObject({ count: 4, suppressed: 2 });
    expect(await email(messages[0].email_ids[1])).toMatchObject({ state: 'suppressed', reason: 'not_allowed_here' });
    await eventually(async () => (await states('allowed')).sent === 2, SOON_MS, 'the allowed mails');
    expect(await states('allowed')).toEqual({ sent: 2, suppressed: 2 });
    await staging.stop();
  });

  it('holds in the sender too, whoever filled the stream', async () => {
    const { messages } = await submit('leaked', ['ada@example.com', 'leaked@example.com']);
    await eventually(async () => (await states('leaked')).dispatched === 2, SOON_MS, 'the dispatch');
    sender = await stack.sender(here);
    await eventually(async () => (await states('leaked')).sent === 1, SOON_MS, 'the allowed mail');
    const leaked = messages[0].email_ids[1];
    await eventually(async () => (await email(leaked)).state !== 'dispatched', SOON_MS, 'the verdict');
    expect(await email(leaked)).toMatchObject({ state: 'suppressed', reason: 'not_allowed_here', attempts: 0 });
    expect(mailsTo('leaked@example.com')).toBe(0);
  });

  it('is refused where it names nothing that is an address or a domain', async () => {
    const { code, output } = await stack.run('dist/src/sender/main.js', { ALLOWED_RECIPIENTS: 'example' });
    expect(code).not.toBe(0);
    expect(output).toContain('ALLOWED_RECIPIENTS must be a list of addresses and domains');
  });
});

describe('a dry run', () => {
  it('says what would become of each recipient, and stores nothing', async () => {
    await suppress({ address: 'dry@example.com', reason: 'complaint' });
    const staging = await stack.gateway({ ALLOWED_RECIPIENTS: 'example.com' });
    const emails = ['a@example.com', 'DRY@example.com', 'a@example.com', 'x@example.org', 'nobody'];
    const before = await stack.query('SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM idempotency_keys)');
    const dryRun = (headers: Record<string, string>) =>
      fetch(`${staging.url}/v1/messages?dry_run=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': API_KEY, 'idempotency-key': 'dry', ...headers },
        body: JSON.stringify(submission('dry', emails)),
      });
    await expectProblem(await dryRun({}), 400, 'validation_failed');
    const response = await dryRun({ prefer: 'handling=lenient' });
    expect(response.headers.get('preference-applied')).toBe('handling=lenient');
    expect(await answerOf(response)).toEqual({
      dry_run: true,
      count: 3,
      messages: [
        {
          count: 3,
          duplicates: 1,
          suppressed: 1,
          not_allowed: 1,
          recipients: [
            { email: 'a@example.com', verdict: 'valid' },
            { email: 'DRY@example.com', verdict: 'suppressed', reason: 'complaint' },
            { email: 'a@example.com', verdict: 'duplicate' },
            { email: 'x@example.org', verdict: 'not_allowed_here' },
            { email: null, verdict: 'rejected', reason: 'has no @' },
          ],
        },
      ],
      rejected: [{ pointer: '/messages/0/emails/4', code: 'invalid_email', detail: 'has no @' }],
    });
    await sleep(200);
    const after = await stack.query('SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM idempotency_keys)');
    expect(after).toEqual(before);
    expect((await stack.topic(gateway, 'dry')).request.total).toBe(0);
    await staging.stop();
  });
});

describe('the check at acceptance', () => {
  it('costs 100,000 recipients little, beside a list of 200,000', async () => {
    const messages = Array.from(
      { length: 100 },
      (_, index) => submission('cost', recipients(1_000, `c${index}-`)).messages[0],
    );
    const run = async (topic_id: string): Promise<number> => {
      const inADay = new Date(Date.now() + 86_400_000).toISOString();
      const body = JSON.stringify({
        messages: messages.map((message) => ({ ...message, topic_id, scheduled_at: inADay })),
      });
      const startedMs = performance.now();
      const { elapsed } = (await answerOf(await stack.post(gateway, body))) as { elapsed: string };
      return Math.min(parseFloat(elapsed), performance.now() - startedMs);
    };
    await run('warm');
    const emptyMs = await run('cost');
    await stack.query(
      `INSERT INTO suppressions (address, reason, source)
       SELECT 'stranger' || n || '@example.com', 'bounce', 'test' FROM generate_series(1, 200000) AS n`,
    );
    const largeMs = await run('cost');
    process.stdout.write(
      `100,000 recipients: ${emptyMs.toFixed(0)} ms, beside 200,000 suppressed ${largeMs.toFixed(0)} ms\n`,
    );
    expect(await states('cost')).toEqual({ pending: 200_000 });
  });
});
