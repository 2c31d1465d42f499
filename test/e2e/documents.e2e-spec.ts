import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exampleOf,
  mismatches,
  type OpenApi,
  pathOf,
  readDocument,
  type Route,
  routesOf,
  securityOf,
} from '../support/openapi.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const HOUR_MS = 3_600_000;

const PUBLIC_ROUTES = [
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
  'GET /v1/events/click',
  'GET /v1/events/open',
  'GET /v1/unsubscribe/{token}',
  'POST /v1/events/results',
  'POST /v1/unsubscribe/{token}',
];

/** What the routes answer that mail clients ask. */
const NOT_JSON: Record<string, [status: string, mediaType: string | null]> = {
  'GET /v1/events/click': ['302', null],
  'GET /v1/events/open': ['200', 'image/png'],
  'GET /v1/unsubscribe/{token}': ['200', 'text/html'],
  'POST /v1/unsubscribe/{token}': ['200', 'text/html'],
};

const PROTECTED_ROUTES = [
  'DELETE /v1/recipients/{address}',
  'DELETE /v1/suppressions',
  'DELETE /v1/suppressions/{address}',
  'DELETE /v1/topics/{topic_id}',
  'GET /v1/emails',
  'GET /v1/emails/{id}',
  'GET /v1/events/counts/sent',
  'GET /v1/messages/{id}',
  'GET /v1/suppressions',
  'GET /v1/topics',
  'GET /v1/topics/{topic_id}',
  'GET /v1/topics/{topic_id}/timeline',
  'PATCH /v1/emails/{id}',
  'POST /v1/emails/{id}/cancel',
  'POST /v1/messages',
  'POST /v1/suppressions',
  'POST /v1/topics/{topic_id}/pause',
  'POST /v1/topics/{topic_id}/resume',
  'POST /v1/topics/{topic_id}/retry',
];

interface Answer {
  status: number;
  mediaType: string;
  body: unknown;
}

interface Submission {
  messages: { topic_id: string; emails: string[]; scheduled_at: string }[];
}

describe('the documents', () => {
  let stack: Stack;
  let gateway: Gateway;
  let document: OpenApi;

  beforeAll(async () => {
    stack = await Stack.start();
    gateway = await stack.gateway();
    document = await readDocument(gateway.url);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  function route(name: string): Route {
    const found = routesOf(document).find(({ method, path }) => `${method} ${path}` === name);
    if (!found) throw new Error(`${name} is not described`);
    return found;
  }

  async function call(url: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { 'x-api-key': API_KEY, ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(gateway.url + url, { ...init, headers });
    const [mediaType] = (response.headers.get('content-type') ?? '').split(';');
    return { status: response.status, mediaType, body: await response.json() };
  }

  function post(body: unknown, headers: Record<string, string> = {}, url = '/v1/messages'): Promise<Answer> {
    return send('POST', url, body, headers);
  }

  function send(method: string, url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const init = { method, headers: { 'content-type': 'application/json', ...headers } };
    return call(url, { ...init, body: JSON.stringify(body) });
  }

  /** What an answer has that the document does not say of it, or the other way round. */
  function deviations(name: string, { status, mediaType, body }: Answer): string[] {
    const { responses } = route(name).operation;
    const schema = (responses[status] ?? responses.default)?.content?.[mediaType]?.schema;
    return schema ? mismatches(document, schema, body) : [`${status} as ${mediaType} is not described`];
  }

  function submissionExample(): Submission {
    const schema = route('POST /v1/messages').operation.requestBody?.content['application/json'].schema;
    return exampleOf(document, schema ?? {}) as Submission;
  }

  it('are OpenAPI 3.1 with every route in it', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = routesOf(document).map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual([...PUBLIC_ROUTES, ...PROTECTED_ROUTES].sort());
  });

  it('name the key scheme where a key is asked for, and nowhere else', () => {
    for (const name of PROTECTED_ROUTES) {
      const schemes = securityOf(document, route(name).operation).flatMap(Object.keys);
      expect(schemes, name).toHaveLength(1);
      expect(document.components.securitySchemes[schemes[0]], `${name} ${schemes[0]}`).toMatchObject({
        type: 'apiKey',
        in: 'header',
        name: 'x-api-key',
      });
    }
    for (const name of PUBLIC_ROUTES) expect(securityOf(document, route(name).operation), name).toEqual([]);
  });

  it('say of each route what it does, what it answers, and how it refuses', () => {
    for (const { method, path, operation } of routesOf(document)) {
      const name = `${method} ${path}`;
      expect(operation.summary, name).toBeTruthy();
      const [status, mediaType] = NOT_JSON[name] ?? ['200', 'application/json'];
      expect(
        Object.keys(operation.responses).filter((one) => Number(one) < 400),
        name,
      ).toEqual([status]);
      if (mediaType) expect(operation.responses[status].content?.[mediaType]?.schema, name).toBeDefined();
      expect(operation.responses.default?.content?.['application/problem+json']?.schema, name).toBeDefined();
    }
  });

  it('have an example of a submission that is taken as it is, for an hour from now', async () => {
    const example = submissionExample();
    const dueMs = Date.parse(example.messages[0].scheduled_at);
    expect(dueMs - Date.now()).toBeGreaterThan(HOUR_MS - 60_000);
    expect(dueMs - Date.now()).toBeLessThanOrEqual(HOUR_MS);

    const answer = await post(example);
    expect(answer).toMatchObject({ status: 200, body: { count: example.messages[0].emails.length } });
    expect(deviations('POST /v1/messages', answer)).toEqual([]);
    expect((await stack.topic(gateway, example.messages[0].topic_id)).request.created).toBe(1);
  });

  it('have examples of parameters that are taken as they are', async () => {
    for (const name of PROTECTED_ROUTES) {
      const found = route(name);
      const examples = (found.operation.parameters ?? []).filter(({ schema }) => schema?.example !== undefined);
      if (found.method !== 'GET' || examples.length === 0) continue;
      expect((await call(pathOf(found))).status, name).toBe(200);
    }
  });

  it('describe each answer, no member more and none less', async () => {
    const lenient = { prefer: 'handling=lenient, return=representation' };
    const message = {
      emails: ['user@example.com', 'nobody', 'user@example.com'],
      subject: 'Hello',
      content: '<p>x</p>',
    };
    const created = await post({ messages: [{ topic_id: 'described', ...message }] }, lenient);
    expect(created.status).toBe(200);
    const { messages } = created.body as { messages: { id: string; email_ids: string[] }[] };
    const answers: [string, Answer][] = [
      ['POST /v1/messages', created],
      ['GET /v1/messages/{id}', await call(`/v1/messages/${messages[0].id}`)],
      ['GET /v1/emails/{id}', await call(`/v1/emails/${messages[0].email_ids[0]}`)],
      ['GET /v1/emails', await call('/v1/emails?topic_id=described&limit=1')],
      ['GET /v1/topics', await call('/v1/topics?limit=1')],
      ['GET /v1/topics/{topic_id}/timeline', await call('/v1/topics/described/timeline?interval=minute')],
      ['GET /v1/topics/{topic_id}', await call('/v1/topics/described')],
      ['DELETE /v1/topics/{topic_id}', await call('/v1/topics/described', { method: 'DELETE' })],
      ['DELETE /v1/recipients/{address}', await call('/v1/recipients/nobody@example.com', { method: 'DELETE' })],
      ['GET /v1/events/counts/sent', await call('/v1/events/counts/sent')],
      ['GET /health', await call('/health')],
      ['GET /health/live', await call('/health/live')],
      ['GET /health/ready', await call('/health/ready')],
    ];
    for (const [name, answer] of answers) {
      expect(answer.status, name).toBe(200);
      expect(deviations(name, answer), name).toEqual([]);
    }
  });

  it('describe a dry run', async () => {
    const message = {
      emails: ['user@example.com', 'nobody', 'user@example.com'],
      subject: 'Hello',
      content: '<p>x</p>',
    };
    const dryRun = await post({ messages: [message] }, { prefer: 'handling=lenient' }, '/v1/messages?dry_run=true');
    expect(dryRun).toMatchObject({ status: 200, body: { dry_run: true, count: 1 } });
    expect(deviations('POST /v1/messages', dryRun)).toEqual([]);
  });

  it('have examples of suppressions that are taken as they are, and describe the answers', async () => {
    for (const name of ['POST /v1/suppressions', 'GET /v1/suppressions', 'DELETE /v1/suppressions']) {
      const [method, path] = name.split(' ');
      const schema = route(name).operation.requestBody?.content['application/json'].schema;
      const answer = schema ? await send(method, path, exampleOf(document, schema)) : await call(path);
      expect(answer.status, name).toBe(200);
      expect(deviations(name, answer), name).toEqual([]);
    }
    const released = await call('/v1/suppressions/user@example.com', { method: 'DELETE' });
    expect(deviations('DELETE /v1/suppressions/{address}', released)).toEqual([]);
    const csv = { 'content-type': 'text/csv' };
    const imported = await call('/v1/suppressions', { method: 'POST', headers: csv, body: 'a@b.cd\nnobody' });
    expect(imported.body).toMatchObject({ added: 1, rejected_count: 1 });
    expect(deviations('POST /v1/suppressions', imported)).toEqual([]);
    expect(deviations('GET /v1/suppressions', await call('/v1/suppressions?limit=1'))).toEqual([]);
    expect(route('GET /v1/suppressions').operation.responses['200'].content?.['text/csv']).toBeDefined();
    const refused = await send('POST', '/v1/suppressions', { addresses: ['nobody'] });
    expect(deviations('POST /v1/suppressions', refused)).toEqual([]);
  });

  it('have examples of control that are taken as they are, and describe the answers', async () => {
    const message = { topic_id: 'controlled', subject: 'Hello', content: '<p>x</p>', emails: ['a@example.com'] };
    const scheduled_at = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    const created = await post({ messages: [{ ...message, scheduled_at }] });
    const [{ email_ids }] = (created.body as { messages: { email_ids: string[] }[] }).messages;
    for (const [name, path] of [
      ['PATCH /v1/emails/{id}', `/v1/emails/${email_ids[0]}`],
      ['POST /v1/topics/{topic_id}/pause', '/v1/topics/controlled/pause'],
      ['POST /v1/topics/{topic_id}/resume', '/v1/topics/controlled/resume'],
      ['POST /v1/emails/{id}/cancel', `/v1/emails/${email_ids[0]}/cancel`],
      ['POST /v1/topics/{topic_id}/retry', '/v1/topics/controlled/retry'],
    ]) {
      const [method] = name.split(' ');
      const schema = route(name).operation.requestBody?.content['application/json'].schema;
      const answer = await (schema ? send(method, path, exampleOf(document, schema)) : call(path, { method }));
      expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBe(200);
      expect(deviations(name, answer), name).toEqual([]);
    }
    const again = await call(`/v1/emails/${email_ids[0]}/cancel`, { method: 'POST' });
    expect(again.status).toBe(409);
    expect(deviations('POST /v1/emails/{id}/cancel', again)).toEqual([]);
  });

  it('describe each refusal', async () => {
    const id = '00000000-0000-7000-8000-000000000000';
    const key = { 'idempotency-key': 'documents' };
    const body = submissionExample();
    const [message] = body.messages;
    expect((await post(body, key)).status).toBe(200);
    const refusals: [number, string, Answer][] = [
      [400, 'POST /v1/messages', await post({ messages: [{ emails: ['nobody'] }] })],
      [401, 'POST /v1/messages', await post(body, { 'x-api-key': 'nobody' })],
      [422, 'POST /v1/messages', await post({ messages: [message, message] }, key)],
      [400, 'GET /v1/messages/{id}', await call('/v1/messages/7')],
      [404, 'GET /v1/messages/{id}', await call(`/v1/messages/${id}`)],
      [404, 'GET /v1/emails/{id}', await call(`/v1/emails/${id}`)],
      [400, 'GET /v1/emails', await call('/v1/emails?state=lost')],
      [400, 'GET /v1/topics', await call('/v1/topics?cursor=x')],
      [400, 'GET /v1/topics/{topic_id}/timeline', await call('/v1/topics/~/timeline?interval=week')],
      [400, 'POST /v1/events/results', await call('/v1/events/results', { method: 'POST', body: 'x' })],
      [400, 'GET /v1/topics/{topic_id}', await call('/v1/topics/a%20b')],
      [400, 'GET /v1/events/counts/sent', await call('/v1/events/counts/sent?hours=0')],
    ];
    for (const [status, name, answer] of refusals) {
      expect(answer.status, name).toBe(status);
      expect(deviations(name, answer), name).toEqual([]);
    }
  });

  it('render as a page with all its parts, the example as fresh as in the document', async () => {
    const page = await fetch(`${gateway.url}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    const assets = [...html.matchAll(/(?:src|href)="(\.?\/?docs\/[^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).toBeGreaterThanOrEqual(4);
    for (const path of assets) {
      const asset = await fetch(new URL(path, `${gateway.url}/docs`));
      expect(asset.status, path).toBe(200);
      expect((await asset.arrayBuffer()).byteLength, path).toBeGreaterThan(0);
    }
    const script = await (await fetch(`${gateway.url}/docs/swagger-ui-init.js`)).text();
    const [, shown] = /"scheduled_at": \{[^}]*"example": "([^"]+)"/.exec(script) ?? [];
    expect(Date.parse(shown)).toBeGreaterThan(Date.now());
  });
});
