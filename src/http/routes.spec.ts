import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, Probe, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('routes', () => {
  it.each(['GET', 'PUT', 'HEAD'])('answers %s on a POST route 405 with Allow, to who has a key', async (method) => {
    const answer = await fetch(`${probe.base}/v1/messages`, { method, headers: { 'x-api-key': KEY } });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(answer.headers.get('content-type')).toContain('problem+json');
  });

  it('answers TRACE 405', async () => {
    const answer = await probe.raw(`TRACE /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`);
    expect(answer).toContain('HTTP/1.1 405');
  });

  it('serves HEAD where there is GET', async () => {
    const answer = await fetch(`${probe.base}/v1/topics/x`, { method: 'HEAD', headers: { 'x-api-key': KEY } });
    expect(answer.status).toBe(200);
  });

  it('ignores a method override', async () => {
    expectProblem(await probe.post({}, { 'x-http-method-override': 'GET' }), 400, 'validation_failed');
  });

  it('answers an unknown URL 404, without reading its body', async () => {
    expectProblem(
      await probe.call('/nope', {
        method: 'POST',
        headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
        body: '{',
      }),
      404,
      'not_found',
    );
  });

  it.each(['/v1/topics/%zz', '/%', '/v1/topics/%E0%A4%A'])('answers the bad URL %s 400', async (path) => {
    expect(await probe.raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400[^]*problem\+json[^]*"code":"bad_request"/,
    );
  });

  it.each([`${'a'.repeat(51)}`, '%00', '%2e%2e%2f', 'a%20b', "'%20OR%201=1--", 'é'])(
    'refuses the topic %s',
    async (topic) => {
      const answer = await probe.call(`/v1/topics/${topic}`, { headers: { 'x-api-key': KEY } });
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toEqual([
        { pointer: '/topic_id', code: 'invalid_topic_id', detail: expect.any(String) as string },
      ]);
    },
  );

  it('reads ~ as the empty topic', async () => {
    expect((await probe.call('/v1/topics/~', { headers: { 'x-api-key': KEY } })).body).toEqual({ topic_id: '' });
  });

  it('takes a UUID in any case, and nothing else, for an id', async () => {
    const id = '0190A0B0-1111-7222-8333-444455556666';
    const headers = { 'x-api-key': KEY };
    expect((await probe.call(`/v1/messages/${id}`, { headers })).body['id']).toBe(id.toLowerCase());
    expectProblem(await probe.call('/v1/messages/7', { headers }), 400, 'validation_failed');
  });

  it.each(['hours=', 'hours=0', 'hours=169', 'hours=1.5', 'hours=1e1', 'hours=1&hours=2', 'sort=(select 1)'])(
    'refuses the query %s',
    async (query) => {
      const answer = await probe.call(`/v1/events/counts/sent?${query}`, { headers: { 'x-api-key': KEY } });
      expectProblem(answer, 400, 'validation_failed');
    },
  );

  it('counts 24 hours unless told', async () => {
    const headers = { 'x-api-key': KEY };
    expect((await probe.call('/v1/events/counts/sent', { headers })).body).toEqual({ hours: 24 });
    expect((await probe.call('/v1/events/counts/sent?hours=168', { headers })).body).toEqual({ hours: 168 });
  });

  it('takes a DELETE with a content type and no body', async () => {
    expect(
      (
        await probe.call('/v1/topics/x', {
          method: 'DELETE',
          headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(200);
  });
});
