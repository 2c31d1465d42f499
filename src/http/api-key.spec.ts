import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, Probe, READ_KEY, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('the key', () => {
  it.each([
    ['none', {}],
    ['empty', { 'x-api-key': '' }],
    ['wrong, of the same length', { 'x-api-key': `x${KEY.slice(1)}` }],
    ['shorter', { 'x-api-key': KEY.slice(1) }],
    ['longer', { 'x-api-key': `${KEY}x` }],
    ['two at once', { 'x-api-key': `${KEY}, ${KEY}` }],
    ['as a bearer token', { authorization: `Bearer ${KEY}` }],
    ['obs-text', { 'x-api-key': `${KEY}é` }],
  ])('%s: 401, always the same', async (_name, headers) => {
    const answer = await probe.call('/v1/messages', {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: '{}',
    });
    expectProblem(answer, 401, 'unauthorized');
    expect(answer.body.detail).toBe('Send a valid key in the header x-api-key.');
  });

  it('is not read from the query', async () => {
    expectProblem(await probe.call(`/v1/conflict?x-api-key=${KEY}`), 401, 'unauthorized');
  });

  it('refuses two headers although one is right', async () => {
    const answer = await probe.raw(
      `GET /v1/conflict HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\nx-api-key: nope\r\n\r\n`,
    );
    expect(answer).toContain('401 Unauthorized');
  });

  it('is trimmed of the white space that HTTP allows around it', async () => {
    const answer = await probe.raw(`GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key:  ${KEY} \t\r\n\r\n`);
    expect(answer).toContain('200 OK');
  });

  it('that may only read, reads', async () => {
    expect((await probe.call('/v1/topics/x', { headers: { 'x-api-key': READ_KEY } })).status).toBe(200);
    expectProblem(await probe.post({}, { 'x-api-key': READ_KEY }), 403, 'forbidden');
  });

  it('is asked for before the body is read', async () => {
    const head = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    for (const [name, rest] of [
      ['declared and never sent', 'content-length: 33000000\r\n\r\n'],
      ['chunked without an end', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ]) {
      const answer = await probe.raw(head + rest);
      expect(answer, name).toContain('HTTP/1.1 401');
      expect(answer, name).toMatch(/connection: close/i);
    }
  });

  it('is asked for before 100 Continue is said', async () => {
    const head = 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n';
    expect(await probe.raw(`${head}content-length: 2\r\n\r\n`)).toMatch(/^HTTP\/1.1 401/);
    const invited = await probe.raw(`${head}x-api-key: ${KEY}\r\ncontent-length: 2\r\n\r\n`, { until: /100 Continue/ });
    expect(invited).toMatch(/^HTTP\/1.1 100 Continue/);
  });

  it('answers an anonymous client that sends 5 MB, and lets it go', async () => {
    const answer = await probe.call('/v1/messages', { method: 'POST', body: 'x'.repeat(5_000_000) });
    expectProblem(answer, 401, 'unauthorized');
  });

  it.each([
    '/v1/messages',
    '/v1/messages/',
    '//v1/messages',
    '/V1/messages',
    '/v1/%6dessages',
    '/v1/x/%2e%2e/messages',
    '/v1/./messages',
    '*',
  ])('guards %s for every method', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'TRACE']) {
      const answer = await probe.raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, {
        until: /^$/,
      });
      expect(answer, `${method} ${path}`).toMatch(/^HTTP\/1.1 (400|401|404)/);
    }
  });

  it('is not asked for on a public route, nor for the documents', async () => {
    expect((await probe.call('/v1/events/open')).status).toBe(200);
    expect((await fetch(`${probe.base}/docs`)).status).toBe(200);
    const { body } = await probe.call('/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    expect(JSON.stringify(body)).toContain('x-api-key');
    expect(body).toMatchObject({
      security: [{ 'api-key': [] }],
      paths: { '/v1/events/open': { get: { security: [] } } },
    });
  });
});
