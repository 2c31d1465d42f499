import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD, KEY, Probe, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('Idempotency-Key', () => {
  it('comes with the digest of the bytes', async () => {
    const body = ` ${JSON.stringify({ messages: [GOOD] })}`;
    const answer = await probe.post(body, { 'idempotency-key': 'order 1' });
    expect(answer.body['idempotency']).toEqual({
      key: 'order 1',
      sha256: createHash('sha256').update(body).digest('hex'),
    });
  });

  it.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a tab', 'a\tb'],
    ['empty quotes', '""'],
  ])('refuses %s', async (_name, key) => {
    expectProblem(await probe.post({ messages: [GOOD] }, { 'idempotency-key': key }), 400, 'idempotency_key_invalid');
  });

  it('refuses two', async () => {
    const body = JSON.stringify({ messages: [GOOD] });
    const answer = await probe.raw(
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\nidempotency-key: a\r\nidempotency-key: b\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400[^]*idempotency_key_invalid/);
  });
});
