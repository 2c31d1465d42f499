import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, Probe, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('errors', () => {
  const headers = { 'x-api-key': KEY };

  it('never shows the text of a fault of ours', async () => {
    const answer = await probe.call('/v1/broken', { headers });
    expectProblem(answer, 500, 'internal_error');
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|passwords/);
  });

  it('says that the database is away, and when to come back', async () => {
    const answer = await probe.call('/v1/down', { headers });
    expectProblem(answer, 503, 'database_unavailable');
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it('passes on what a service throws', async () => {
    const answer = await probe.call('/v1/conflict', { headers });
    expectProblem(answer, 409, 'conflict');
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(answer.body.detail).toBe('It is leased.');
  });

  it('gives every answer an id of its own', async () => {
    const first = await probe.call('/v1/topics/x', { headers: { ...headers, 'x-request-id': 'mine' } });
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['a broken request line', 'NONSENSE\r\n\r\n', 400],
    ['a negative length', `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`, 400],
    ['NUL in a header', `GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\0\r\n\r\n`, 400],
    ['a key of 20 KB', `GET /v1/topics/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${'k'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
  ])('answers %s with a problem', async (_name, bytes, status) => {
    expect(await probe.raw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status}[^]*problem\\+json[^]*"request_id"`));
  });
});
