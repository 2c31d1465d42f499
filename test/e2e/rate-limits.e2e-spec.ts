import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openToken, unsubscribeToken } from '../../src/contracts/tokens.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { sesEvent } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const SECRET = 'tracking-secret-0123456789abcdef';

/** Ten times as much at once: what a test sends in a moment. */
const RATE = 5;
const BURST = 10 * RATE;

const MESSAGE = { topic_id: 'limits', emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>' };

/** Each test is a client of its own, behind one proxy. */
describe('a client that floods', () => {
  const topic = new SnsTopic();
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    const limits = { PUBLIC_RATE_PER_SECOND: String(RATE), REFUSALS_PER_SECOND: String(RATE), TRUSTED_PROXIES: '1' };
    stack = await Stack.start({ env: { ...topic.env, ...limits, TRACKING_SECRET: SECRET } });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
    topic.close();
  });

  function call(path: string, client: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'x-forwarded-for': `spoofed-${Math.random()}, ${client}`, ...(init.headers as object) };
    return fetch(gateway.url + path, { ...init, headers });
  }

  /** One after the other: how many there were of each status. */
  async function flood(count: number, send: (index: number) => Promise<Response>): Promise<Record<number, number>> {
    const statuses: Record<number, number> = {};
    for (let index = 0; index < count; index++) {
      const response = await send(index);
      await response.arrayBuffer();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    }
    return statuses;
  }

  async function submit(count = 1): Promise<string[]> {
    const emails = Array.from({ length: count }, (_, index) => `limited${index}@example.com`);
    const response = await stack.post(gateway, { messages: [{ ...MESSAGE, emails }] });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  it('with wrong keys is told to wait, while a live key from the same address is served', async () => {
    const wrong = () => call('/v1/topics', '192.0.2.1', { headers: { 'x-api-key': 'wrong-0123456789abcdef' } });
    expect((await wrong()).headers.get('ratelimit-limit')).toBe(String(BURST));
    const statuses = await flood(2 * BURST, wrong);
    expect(statuses[401]).toBeGreaterThanOrEqual(BURST - 1);
    expect(statuses[429]).toBeGreaterThan(0);
    const ask = async () => {
      const response = await wrong();
      return response.status === 429 && response;
    };
    // Now and then one more is let through.
    const refused = await eventually(ask, 5_000, 'a refusal');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(refused.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    await expectProblem(refused, 429, 'too_many_requests');

    expect((await call('/v1/topics', '192.0.2.1', { headers: { 'x-api-key': API_KEY } })).status).toBe(200);
    expect((await call('/v1/topics', '192.0.2.2')).status).toBe(401);
  });

  it('with pixels still gets its images, and no more than its share of opens is recorded', async () => {
    const ids = await submit(4 * BURST);
    const pixel = (index: number, client: string) =>
      call(`/v1/events/open?requestId=${ids[index]}&s=${openToken(SECRET, ids[index])}`, client);
    const startMs = performance.now();
    expect(await flood(ids.length - 1, (index) => pixel(index, '192.0.2.3'))).toEqual({ 200: ids.length - 1 });
    const share = BURST + Math.ceil(((performance.now() - startMs) / 1_000) * RATE);
    expect((await pixel(ids.length - 1, '192.0.2.4')).headers.get('ratelimit-remaining')).toBe(String(BURST - 1));
    const opened = async () => {
      const { result } = await stack.get<{ result: { statuses: { Open?: number } } }>(gateway, '/v1/topics/limits');
      return result.statuses.Open ?? 0;
    };
    await eventually(async () => (await opened()) > BURST, 10_000, 'the last open');
    expect(await opened()).toBeLessThanOrEqual(share + 1);
    expect(gateway.output).toContain('answered and not recorded');
  });

  it('with links to unsubscribe is told to wait', async () => {
    const [id] = await submit();
    const path = `/v1/unsubscribe/${id}.${unsubscribeToken(SECRET, id)}`;
    const statuses = await flood(2 * BURST, () => call(path, '192.0.2.5'));
    expect(statuses[200]).toBeGreaterThanOrEqual(BURST);
    expect(statuses[429]).toBeGreaterThan(0);
  });

  it('is not SNS, however much it brings, but who forges its messages', async () => {
    const [id] = await submit();
    const bring = (body: string, client: string) => call('/v1/events/results', client, { method: 'POST', body });
    const event = (second: number) => sesEvent(id, 'user@example.com', { type: 'Click', second, flag: false });
    expect(await flood(2 * BURST, (index) => bring(topic.notification(event(index)), '192.0.2.6'))).toEqual({
      200: 2 * BURST,
    });
    const forged = topic.notification(event(0)).replace('Click', 'Send');
    const statuses = await flood(2 * BURST, () => bring(forged, '192.0.2.7'));
    expect(statuses[403]).toBeGreaterThanOrEqual(BURST);
    expect(statuses[429]).toBeGreaterThan(0);
    expect((await bring(topic.notification(event(0)), '192.0.2.6')).status).toBe(200);
  });
});
