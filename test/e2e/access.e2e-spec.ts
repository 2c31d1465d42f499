import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clickToken } from '../../src/contracts/tokens.js';
import { type OpenApi, pathOf, readDocument, type Route, routesOf } from '../support/openapi.js';
import { expectProblem } from '../support/problems.js';
import { firstBytes, rawRequest } from '../support/raw-http.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const ROTATED_KEY = 'rotated-key-0123456789abcdef';
const SHOP_KEY = 'shop-key-0123456789abcdef';
const READER_KEY = 'reader-key-0123456789abcdef';
const SECRET = 'a secret for the tests';

const NO_EMAIL = '00000000-0000-7000-8000-000000000000';
const PAGE = 'https://shop.example/';

/** What anybody may call; every other route asks for a key. */
const PUBLIC = ['/health', '/health/live', '/health/ready'];

/** Public too: what mails and SNS call, who have no key. Each believes signatures alone. */
const SIGNED = ['/v1/events/click', '/v1/events/open', '/v1/events/results', '/v1/unsubscribe/{token}'];

const TOO_LONG = { 'content-type': 'application/json', 'content-length': '99999999' };

/** Requests that each part of the edge answers in its own way. A HEAD of a link is answered alike and records nothing. */
const ANSWERS: [what: string, status: number, method: string, path: string, headers?: Record<string, string>][] = [
  ['a probe', 200, 'GET', '/health/ready'],
  ['a read', 200, 'GET', '/v1/topics', { 'x-api-key': API_KEY }],
  ['a list as CSV', 200, 'GET', '/v1/suppressions', { 'x-api-key': API_KEY, accept: 'text/csv' }],
  ['a refusal without a key', 401, 'GET', '/v1/topics'],
  ['a refusal of the framework', 404, 'GET', '/nothing'],
  ['a refusal of the router', 400, 'GET', '/v1/topics/%zz'],
  ['a refusal of the parser', 431, 'GET', '/health', { 'x-long': 'x'.repeat(17_000) }],
  ['a refusal of a body', 413, 'POST', '/v1/topics/x/retry', { 'x-api-key': API_KEY, ...TOO_LONG }],
  ['a pixel', 200, 'GET', '/v1/events/open'],
  ['a link that we signed', 302, 'HEAD', clickPath(PAGE)],
  ['a link that we did not sign', 400, 'GET', clickPath(PAGE).replace('shop', 'evil')],
  ['a page to unsubscribe', 404, 'GET', `/v1/unsubscribe/${NO_EMAIL}.${'A'.repeat(22)}`],
  ['the document', 200, 'GET', '/openapi.json'],
  ['the page of the document', 200, 'GET', '/docs'],
  ['its settings', 200, 'GET', '/docs/swagger-ui-init.js'],
];

function clickPath(url: string): string {
  return `/v1/events/click?requestId=${NO_EMAIL}&url=${encodeURIComponent(url)}&s=${clickToken(SECRET, NO_EMAIL, url)}`;
}

/** What a policy allows; all that is loaded, and nothing else, is held to `default-src` where it is not named. */
function sourcesOf(policy: string, directive: string): string | undefined {
  const all = new Map(policy.split(';').map((part) => part.trim().split(/ (.*)/) as [string, string]));
  return all.get(directive) ?? (directive.endsWith('-src') ? all.get('default-src') : undefined);
}

const MESSAGE = { emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>' };

/** Other spellings of a path that a router, a proxy or a framework may take for the same. */
function spellings(path: string): string[] {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return [
    `${path}/`,
    `/${path}`,
    path.replaceAll('/', '//'),
    path.toUpperCase(),
    path.replace('/v1', '/V1'),
    path.replace('v1', '%761'),
    path.replace('/v1/', '/v1%2f'),
    `/health/%2e%2e${path}`,
    `/health/..${path}`,
    `/docs/../..${path}`,
    `/.${path}`,
    path.replace(`/${last}`, `/%2e/${last}`),
    `${path};x=1`,
    `${path}?x-api-key=${API_KEY}`,
    `${path}%00`,
    `${path}.json`,
    `http://127.0.0.1${path}`,
  ];
}

describe('access', () => {
  let stack: Stack;
  let gateway: Gateway;
  let document: OpenApi;
  let guarded: Route[];

  beforeAll(async () => {
    stack = await Stack.start({
      env: {
        API_KEY: `${API_KEY},${ROTATED_KEY}`,
        API_KEYS: `shop=${SHOP_KEY},panel:read=${READER_KEY}`,
        // A thousand are refused here within seconds.
        REFUSALS_PER_SECOND: '0',
        TRACKING_SECRET: SECRET,
      },
    });
    gateway = await stack.gateway();
    document = await readDocument(gateway.url);
    guarded = routesOf(document).filter(({ path }) => ![...PUBLIC, ...SIGNED].includes(path));
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  it('is open to anybody for health and documents alone', async () => {
    for (const path of [...PUBLIC, '/docs', '/openapi.json']) {
      expect((await fetch(gateway.url + path)).status, path).toBe(200);
    }
    expect(guarded.length).toBeGreaterThan(0);
    for (const route of guarded) {
      const call = `${route.method} ${route.path}`;
      const response = await fetch(gateway.url + pathOf(route), { method: route.method });
      expect(response.status, call).toBe(401);
      await expectProblem(response, 401, 'unauthorized');
    }
  });

  it('is looked at on every route there is: none is mapped that the document does not have', () => {
    const mapped = [...gateway.output.matchAll(/Mapped \{([^,}]+), ([A-Z]+)\} route/g)].map(
      ([, path, method]) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`,
    );
    const described = routesOf(document).map(({ method, path }) => `${method} ${path}`);
    expect(mapped.sort()).toEqual(described.sort());
  });

  it('is never given for another spelling of a path, nor for another method', async () => {
    const leaks: string[] = [];
    for (const route of guarded) {
      const path = pathOf(route, { topic_id: 'x' });
      for (const spelling of [path, ...spellings(path)]) {
        for (const method of new Set([route.method, 'GET', 'HEAD', 'OPTIONS'])) {
          const { status } = await rawRequest(gateway.url, method, spelling);
          if (status < 400) leaks.push(`${method} ${spelling}: ${status}`);
        }
      }
    }
    expect(leaks).toEqual([]);
  });

  it('is refused before the body is read', async () => {
    const head = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    expect(await firstBytes(gateway.url, `${head}content-length: 33000000\r\n\r\n{`)).toMatch(/^HTTP\/1.1 401 /);
    expect(await firstBytes(gateway.url, `${head}expect: 100-continue\r\ncontent-length: 9\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 401 /,
    );
    const response = await fetch(`${gateway.url}/v1/messages`, { method: 'POST', body: 'x'.repeat(20_000_000) });
    await expectProblem(response, 401, 'unauthorized');
  });

  it('is given to every key that is live, whose name stands on the message', async () => {
    for (const [key, name] of [
      [API_KEY, 'default'],
      [ROTATED_KEY, 'default'],
      [SHOP_KEY, 'shop'],
    ]) {
      const response = await stack.post(gateway, { messages: [MESSAGE] }, { 'x-api-key': key });
      expect(response.status, name).toBe(200);
      const { messages } = (await response.json()) as { messages: { id: string }[] };
      const rows = await stack.query('SELECT api_key FROM messages WHERE id = $1', [messages[0].id]);
      expect(rows).toEqual([{ api_key: name }]);
    }
  });

  it('is for reading alone with a key that may only read', async () => {
    const headers = { 'x-api-key': READER_KEY };
    for (const route of guarded) {
      const response = await fetch(gateway.url + pathOf(route), { method: route.method, headers });
      const call = `${route.method} ${route.path}`;
      if (route.method === 'GET') expect([200, 404], call).toContain(response.status);
      else await expectProblem(response, 403, 'forbidden');
    }
    const refused = await stack.post(gateway, { messages: [{ ...MESSAGE, topic_id: 'read-only' }] }, headers);
    await expectProblem(refused, 403, 'forbidden');
    expect((await stack.topic(gateway, 'read-only')).request.total).toBe(0);
  });

  it.each(ANSWERS)(
    'is not widened by what a browser makes of %s (%i)',
    async (_what, status, method, path, headers) => {
      const answer = await rawRequest(gateway.url, method, path, { origin: 'https://evil.example', ...headers });
      expect(answer.status, answer.body).toBe(status);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': expect.stringContaining('no-store'),
      });
      const policy = String(answer.headers['content-security-policy']);
      expect(sourcesOf(policy, 'script-src')).toMatch(/^'(self|none)'$/);
      for (const directive of ['object-src', 'base-uri', 'frame-ancestors']) {
        expect(sourcesOf(policy, directive), directive).toBe("'none'");
      }
      expect(sourcesOf(policy, 'form-action')).toBe("'self'");
      const unwanted = /^access-control-|^server$|^x-powered-by$|cookie/;
      expect(Object.keys(answer.headers).filter((name) => unwanted.test(name))).toEqual([]);
    },
  );

  it('is given to pages of no other origin: whatever they ask beforehand is refused', async () => {
    const preflight = { origin: 'https://evil.example', 'access-control-request-headers': 'x-api-key' };
    for (const route of routesOf(document)) {
      const headers = { ...preflight, 'access-control-request-method': route.method };
      const call = `${route.method} ${route.path}`;
      const answer = await rawRequest(gateway.url, 'OPTIONS', pathOf(route), headers);
      expect(answer.status, call).toBe(404);
      expect(
        Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')),
        call,
      ).toEqual([]);
    }
  });

  it('leaves no key in the log', () => {
    for (const key of [API_KEY, ROTATED_KEY, SHOP_KEY, READER_KEY]) expect(gateway.output).not.toContain(key);
  });
});
