import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from '../support/problems.js';
import { type Gateway, recipients, Stack } from '../support/stack.js';

const OTHER_KEY = 'other-key-0123456789abcdef';
const CONCURRENT = 60;

describe('Idempotency-Key', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start({ env: { API_KEYS: `other=${OTHER_KEY}` } });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  function bodyOf(topicId: string, emails = ['user@example.com']): string {
    return JSON.stringify({ messages: [{ topic_id: topicId, emails, subject: 'Hello', content: '<p>x</p>' }] });
  }

  function post(key: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return stack.post(gateway, body, { 'idempotency-key': key, ...headers });
  }

  async function countMessages(topicId: string): Promise<number> {
    const [{ count }] = await stack.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM messages WHERE topic_id = $1',
      [topicId],
    );
    return count;
  }

  it('replays the answer byte for byte, and stores nothing again', async () => {
    const key = randomUUID();
    const body = bodyOf('replayed', recipients(3));
    const first = await post(key, body);
    expect(first.status).toBe(200);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const answer = await first.text();
    for (let repeat = 0; repeat < 2; repeat++) {
      const replay = await post(key, body);
      expect(replay.status).toBe(200);
      expect(replay.headers.get('idempotent-replayed')).toBe('true');
      expect(replay.headers.get('content-type')).toBe(first.headers.get('content-type'));
      expect(await replay.text()).toBe(answer);
    }
    expect(await countMessages('replayed')).toBe(1);
    expect((await stack.topic(gateway, 'replayed')).request.total).toBe(3);
  });

  it('refuses another body, were it but a space', async () => {
    const key = randomUUID();
    expect((await post(key, bodyOf('first-body'))).status).toBe(200);
    await expectProblem(await post(key, bodyOf('second-body')), 422, 'idempotency_mismatch');
    await expectProblem(await post(key, `${bodyOf('first-body')} `), 422, 'idempotency_mismatch');
    expect(await countMessages('first-body')).toBe(1);
    expect(await countMessages('second-body')).toBe(0);
  });

  it('says that the first request still runs, and when to come back', async () => {
    const key = randomUUID();
    const body = bodyOf('still-running');
    const holder = await stack.pool.connect();
    let running: Promise<Response>[];
    try {
      await holder.query('BEGIN; LOCK TABLE messages IN SHARE MODE');
      running = [post(key, body), post(key, body)];
      const early = await Promise.race(running);
      expect(early.headers.get('retry-after')).toBe('1');
      await expectProblem(early, 409, 'idempotency_in_progress');
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const statuses = (await Promise.all(running)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 409]);
    expect((await post(key, body)).headers.get('idempotent-replayed')).toBe('true');
    expect(await countMessages('still-running')).toBe(1);
  });

  it(`stores one set of rows for ${CONCURRENT} requests at once`, async () => {
    const key = randomUUID();
    const body = bodyOf('at-once', recipients(200));
    const responses = await Promise.all(Array.from({ length: CONCURRENT }, () => post(key, body)));
    const stored = responses.filter(({ status, headers }) => status === 200 && !headers.has('idempotent-replayed'));
    expect(stored).toHaveLength(1);
    const answer = await stored[0].text();
    for (const response of responses) {
      if (response === stored[0]) continue;
      if (response.status === 200) {
        expect(response.headers.get('idempotent-replayed')).toBe('true');
        expect(await response.text()).toBe(answer);
      } else {
        expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        await expectProblem(response, 409, 'idempotency_in_progress');
      }
    }
    expect(await countMessages('at-once')).toBe(1);
    expect((await stack.topic(gateway, 'at-once')).request.total).toBe(200);
  });

  it('of one API key is nothing to another', async () => {
    const key = randomUUID();
    const body = bodyOf('two-keys');
    const answers = [await post(key, body), await post(key, body, { 'x-api-key': OTHER_KEY })];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1].headers.get('idempotent-replayed')).toBeNull();
    expect(await countMessages('two-keys')).toBe(2);
    const replay = await post(key, body, { 'x-api-key': OTHER_KEY });
    expect(await replay.text()).toBe(await answers[1].text());
  });

  it('is still free after a request that was refused', async () => {
    const key = randomUUID();
    await expectProblem(await post(key, bodyOf('refused', ['nobody'])), 400, 'validation_failed');
    await expectProblem(await post(key, '{'), 400, 'malformed_json');
    const response = await post(key, bodyOf('refused'));
    expect(response.status).toBe(200);
    expect(response.headers.get('idempotent-replayed')).toBeNull();
    expect(await countMessages('refused')).toBe(1);
  });

  it('outlives a gateway that is killed after its answer', async () => {
    const key = randomUUID();
    const body = bodyOf('killed', recipients(2));
    const answer = await (await post(key, body)).text();
    await gateway.kill();
    gateway = await stack.gateway();
    const replay = await post(key, body);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    expect(await replay.text()).toBe(answer);
    expect(await countMessages('killed')).toBe(1);
  });
});
