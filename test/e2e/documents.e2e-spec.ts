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

const PUBLIC_ROUTES = ['GET /health', 'GET /health/live', 'GET /health/ready', 'POST /v1/events/results'];

const PROTECTED_ROUTES = [
  'DELETE /v1/topics/{topic_id}',
  'GET /v1/emails',
  'GET /v1/emails/{id}',
  'GET /v1/events/counts/sent',
  'GET /v1/messages/{id}',
  'GET /v1/topics',
  'GET /v1/topics/{topic_id}',
  'GET /v1/topics/{topic_id}/timeline',
  'POST /v1/messages',
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

  function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    return call('/v1/messages', { ...init, body: JSON.stringify(body) });
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
      expect(operation.responses['200']?.content?.['application/json']?.schema, name).toBeDefined();
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

describe('the documents, without PostgreSQL', () => {
  it('describe an answer that something is down', async () => {
    const stack = await Stack.start({ env: { DATABASE_URL: 'postgresql://127.0.0.1:1/nowhere' } });
    try {
      const gateway = await stack.spawnGateway();
      await gateway.answers(`${gateway.url}/health/live`);
      const document = await readDocument(gateway.url);
      for (const path of ['/health', '/health/ready']) {
        const response = await fetch(gateway.url + path);
        expect(response.status).toBe(503);
        const described = document.paths[path].get.responses;
        const [mediaType] = (response.headers.get('content-type') ?? '').split(';');
        const schema = (described['503'] ?? described.default).content?.[mediaType]?.schema;
        expect(schema, `${path} as ${mediaType}`).toBeDefined();
        expect(mismatches(document, schema ?? {}, await response.json())).toEqual([]);
      }
    } finally {
      await stack.stop();
    }
  });
});
