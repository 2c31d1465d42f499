import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';
import { answerOf, type Listed, SuppressionList } from '../support/suppression-list.js';

const READ_KEY = 'read-key-0123456789abcdef';

let stack: Stack;
let gateway: Gateway;
let list: SuppressionList;

beforeAll(async () => {
  stack = await Stack.start({ env: { API_KEYS: `reader:read=${READ_KEY}` } });
  gateway = await stack.gateway();
  list = new SuppressionList(gateway);
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

describe('the list', () => {
  it('counts what is new, keeps the first reason, and names who added it', async () => {
    expect(await list.add('one@list.example', { address: 'two@list.example', reason: 'bounce' })).toEqual({
      added: 2,
      already: 0,
      rejected: [],
      rejected_count: 0,
    });
    expect(await list.add({ address: 'ONE@list.example', reason: 'bounce' }, 'three@list.example')).toMatchObject({
      added: 1,
      already: 1,
    });
    const { data } = (await answerOf(await list.call('GET', '?address=One@List.example'))) as Listed;
    expect(data).toEqual([
      {
        address: 'one@list.example',
        topic_id: null,
        reason: 'manual',
        source: 'default',
        created_at: expect.any(String) as string,
      },
    ]);
    const bounced = (await answerOf(await list.call('GET', '?reason=bounce'))) as Listed;
    expect(bounced.data.map(({ address }) => address)).toEqual(['two@list.example']);
  });

  it('has an address once for all mail and once for each topic', async () => {
    const address = 'scoped@list.example';
    expect(await list.add(address, { address, topic_id: 'b' }, { address, topic_id: 'a' })).toMatchObject({ added: 3 });
    expect(await list.add({ address, topic_id: null }, { address, topic_id: 'a' })).toMatchObject({ already: 2 });
    const topics: (string | null)[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Listed = await list.read(`?address=${address}&limit=1${cursor && `&cursor=${cursor}`}`);
      topics.push(...page.data.map(({ topic_id }) => topic_id));
      cursor = page.next_cursor;
    }
    expect(topics).toEqual(['b', 'a', null]);

    expect(await answerOf(await list.call('DELETE', `/${address}?topic_id=a`))).toEqual({ removed: 1 });
    expect(await answerOf(await list.call('DELETE', `/${address}`))).toEqual({ removed: 1 });
    expect((await list.read(`?address=${address}`)).data.map(({ topic_id }) => topic_id)).toEqual(['b']);
    expect(await answerOf(await list.importCsv(`address,topic_id\n${address},c\n${address},\n`))).toMatchObject({
      added: 2,
    });
    const csv = await (await list.call('GET', `?address=${address}&format=csv`)).text();
    const exported = csv.split('\r\n').slice(1, -1);
    expect(exported.map((line) => line.slice(line.lastIndexOf(',') + 1)).sort()).toEqual(['', 'b', 'c']);
    const refused = await list.call('POST', '', { addresses: [{ address, topic_id: 'a b' }] });
    expect((await expectProblem(refused, 400, 'validation_failed')).errors?.[0].code).toBe('invalid_topic_id');
    await expectProblem(await list.call('DELETE', `/${address}?topic_id=a%20b`), 400, 'validation_failed');
  });

  it('refuses bad addresses with a pointer to each, and adds none', async () => {
    const addresses = ['good@refused.example', 'nobody', { address: 'x@refused.example', reason: 'spite' }, 7];
    const { errors } = await expectProblem(await list.call('POST', '', { addresses }), 400, 'validation_failed');
    expect(errors?.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/addresses/1 invalid_email',
      '/addresses/2 invalid_reason',
      '/addresses/3 invalid_type',
    ]);
    expect(await answerOf(await list.call('GET', '?address=good@refused.example'))).toMatchObject({ data: [] });
  });

  it.each(['2026-02-30T00:00:00', '0000-01-01T00:00:00', '2026-01-01T24:00:00'])(
    'refuses a cursor with the moment %s, which there is not',
    async (moment) => {
      const cursor = Buffer.from(`${moment}.000000Z user@example.com `).toString('base64url');
      await expectProblem(await list.call('GET', `?cursor=${cursor}`), 400, 'validation_failed');
    },
  );

  it.each(['?limit=0', '?limit=501', '?cursor=x', '?reason=spite', '?address=nobody', '?format=xml', '?page=2'])(
    'refuses %s',
    async (query) => {
      await expectProblem(await list.call('GET', query), 400, 'validation_failed');
    },
  );

  it('is read and not written with a key that may only read', async () => {
    const reader = { 'x-api-key': READ_KEY };
    expect((await list.call('GET', '', undefined, reader)).status).toBe(200);
    const body = { addresses: ['a@b.cd'] };
    await expectProblem(await list.call('POST', '', body, reader), 403, 'forbidden');
    await expectProblem(
      await list.call('POST', '', 'a@b.cd', { ...reader, 'content-type': 'text/csv' }),
      403,
      'forbidden',
    );
    await expectProblem(await list.call('DELETE', '', body, reader), 403, 'forbidden');
    await expectProblem(await list.call('DELETE', '/a@b.cd', undefined, reader), 403, 'forbidden');
  });

  it('is not emptied by a DELETE without a body', async () => {
    await expectProblem(await list.call('DELETE', ''), 400, 'malformed_json');
  });
});

describe('a list of 5,000', () => {
  const addresses = recipients(5_000, 'listed').map(
    (address, index) => `${address},${index % 2 ? 'bounce' : 'manual'}`,
  );

  async function exported(query: string, headers: Record<string, string> = {}): Promise<string[]> {
    const response = await list.call('GET', query, undefined, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (await response.text()).split('\r\n');
    expect(lines.shift()).toBe('address,reason,source,created_at,topic_id');
    expect(lines.pop()).toBe('');
    return lines;
  }

  it('is imported, read page by page, exported, released and imported again from its export', async () => {
    await stack.query('DELETE FROM suppressions');
    const csv = `address,reason\r\n${addresses.join('\r\n')}\r\n`;
    expect(await answerOf(await list.importCsv(csv))).toMatchObject({ added: 5_000, already: 0, rejected_count: 0 });
    expect(await answerOf(await list.importCsv(csv))).toMatchObject({ added: 0, already: 5_000 });
    await list.add('newest@example.com');

    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '?limit=500' : `?limit=500&cursor=${cursor}`;
      const page = (await answerOf(await list.call('GET', query))) as Listed;
      paged.push(...page.data.map(({ address, reason }) => `${address},${reason}`));
      cursor = page.next_cursor;
    }
    expect(paged[0]).toBe('newest@example.com,manual');
    expect(paged.slice(1).sort()).toEqual([...addresses].sort());

    const all = await exported('', { accept: 'text/csv' });
    expect(all.map((line) => line.split(',').slice(0, 2).join(','))).toEqual(paged);
    expect(await exported('?format=csv&reason=bounce')).toHaveLength(2_500);

    const released = { addresses: paged.map((line) => line.split(',')[0]) };
    expect(await answerOf(await list.call('DELETE', '', released))).toEqual({ removed: 5_001 });
    const copy = `address,reason,source,created_at,topic_id\r\n${all.join('\r\n')}`;
    expect(await answerOf(await list.importCsv(copy))).toMatchObject({ added: 5_001, rejected: [] });
    const again = await exported('?format=csv');
    const content = (lines: string[]) => lines.map((line) => line.split(',').slice(0, 2).join(',')).sort();
    expect(content(again)).toEqual(content(all));
  });

  it('leaves out the lines that it cannot read', async () => {
    expect(await answerOf(await list.importCsv('lines@example.com\nnobody\n'))).toEqual({
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
    expect(await answerOf(await list.call('GET', '?address=broken@example.com'))).toMatchObject({ data: [] });
    expect(gateway.output).not.toMatch(/\bERROR\b|failed/i);
  });
});
