import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openToken } from '../../src/contracts/tokens.js';
import { eventually } from '../support/eventually.js';
import { secretsIn } from '../support/log-secrets.js';
import { sesEvent } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';
import type { Child } from '../support/child.js';

/** In everything that a caller gives, so that one search finds what was logged of it. */
const CANARY = 'kanarienvogel';
const SECRET = 'tracking-secret-0123456789abcdef';
const READ_KEY = 'reader-key-0123456789abcdef';
const WRONG_KEY = `wrong-${CANARY}-0123456789abcdef`;

describe('the log', () => {
  const topic = new SnsTopic();
  let stack: Stack;
  let gateway: Gateway;
  let sender: Child;

  beforeAll(async () => {
    stack = await Stack.start({
      env: {
        ...topic.env,
        API_KEYS: `panel:read=${READ_KEY}`,
        TRACKING_SECRET: SECRET,
        UNKNOWN_FIELDS: 'warn',
        NATS_PAYLOAD_FORMAT: 'json',
        SCHEDULER_INTERVAL: '1',
      },
      sink: {
        respond: ({ to: [recipient] }) =>
          recipient.startsWith('refused') ? { status: 550, text: '5.1.1 user unknown' } : undefined,
      },
    });
    gateway = await stack.gateway();
    sender = await stack.sender();
  });

  afterAll(async () => {
    await stack.stop();
    topic.close();
  });

  function call(path: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return fetch(gateway.url + path, {
      method,
      headers: { 'x-api-key': API_KEY, ...type, ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  function message(emails: unknown[], fields: object = {}): object {
    const texts = { subject: `${CANARY} subject`, content: `<p>${CANARY} content</p>`, text: `${CANARY} text` };
    return { messages: [{ topic_id: 'logged', emails, ...texts, variables: { name: CANARY }, ...fields }] };
  }

  async function submit(emails: unknown[], fields: object = {}): Promise<string[]> {
    const response = await call('/v1/messages', 'POST', message(emails, fields));
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  it('has nothing of what was sent, refused, bounced and misunderstood', async () => {
    const ids = await submit([`${CANARY}@example.com`, `refused-${CANARY}@example.com`], { unknown: CANARY });
    const areSettled = async () => {
      const { states } = await stack.topic(gateway, 'logged');
      return states.sent === 1 && states.failed === 1;
    };
    await eventually(areSettled, 30_000, 'one mail sent and one refused');
    for (const type of ['Bounce', 'Complaint', 'Open'] as const) {
      const event = sesEvent(ids[0], `${CANARY}@example.com`, { type, second: 1, flag: true });
      expect(await topic.post(gateway.url, topic.notification(event))).toBe(200);
    }
    const forged = topic.notification({ eventType: CANARY }).replace(CANARY, `${CANARY}2`);
    expect(await topic.post(gateway.url, forged)).toBe(403);
    expect(await topic.post(gateway.url, `{"Type":"${CANARY}`)).toBe(400);
    const statuses = await Promise.all([
      call('/v1/messages', 'POST', message([`${CANARY} no address`])),
      call('/v1/messages', 'POST', `{"messages":[{"subject":"${CANARY}`),
      call('/v1/messages', 'POST', message([]), { 'x-api-key': WRONG_KEY }),
      call('/v1/messages', 'POST', message([]), { 'x-api-key': READ_KEY }),
      call(`/v1/topics/${CANARY}%00`),
      call(`/v1/emails?address=${CANARY}`),
      call(`/v1/events/open?requestId=${ids[0]}&s=${openToken(SECRET, ids[0])}`, 'GET'),
      call(`/v1/events/click?requestId=${ids[0]}&url=https://${CANARY}.example/&s=x`),
      call(`/v1/unsubscribe/${CANARY}`),
      call('/v1/suppressions', 'POST', `${CANARY}@example.org\n${CANARY} "x\n`, { 'content-type': 'text/csv' }),
    ]).then((responses) => responses.map(({ status }) => status));
    expect(statuses).toEqual([400, 400, 401, 403, 400, 400, 200, 400, 404, 200]);
  });

  it('has nothing of what the stream brings and nobody can read', async () => {
    const jetstream = stack.nats.jetstream();
    const broken = `{"uuid":"${CANARY}","email":"${CANARY}@example.com","subject":${CANARY}`;
    await jetstream.publish(`${stack.name}.email`, broken);
    await jetstream.publish(`${stack.name}.email`, `${CANARY}@example.com`);
    await eventually(() => sender.output.split('is kept in dead_letters').length > 2, 30_000, 'the report of both');
  });

  it('has nothing of what is under way when the database goes', async () => {
    const busy = Array.from({ length: 40 }, (_, i) =>
      call('/v1/messages', 'POST', message([`${CANARY}${i}@example.com`])),
    );
    await stack.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
      [stack.name],
    );
    for (const { status } of await Promise.all(busy)) expect([200, 503]).toContain(status);
  });

  it('is there, and does not sing', () => {
    for (const { output } of [gateway, sender]) {
      expect(output.length).toBeGreaterThan(100);
      expect(output.split('\n').filter((line) => line.includes(CANARY))).toEqual([]);
      expect(secretsIn(output, { ...stack.env, API_KEYS: `panel:read=${READ_KEY}` })).toEqual([]);
    }
  });
});
