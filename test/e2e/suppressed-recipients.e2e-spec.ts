import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';
import { answerOf, SuppressionList } from '../support/suppression-list.js';

const SOON_MS = 10_000;

interface Created {
  count: number;
  messages: { id: string; count: number; suppressed: number; email_ids: string[] }[];
}

interface Email {
  state: string;
  reason: string | null;
  attempts: number;
}

let stack: Stack;
let gateway: Gateway;
let list: SuppressionList;
let sender: Child | null = null;

beforeAll(async () => {
  stack = await Stack.start();
  gateway = await stack.gateway();
  list = new SuppressionList(gateway);
});

afterEach(async () => {
  await sender?.stop();
  sender = null;
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

function submission(topic_id: string, emails: unknown[], fields: object = {}) {
  return { messages: [{ topic_id, emails, subject: 'Hello', content: '<p>Hello</p>', ...fields }] };
}

async function submit(topicId: string, emails: unknown[], fields: object = {}, to = gateway): Promise<Created> {
  return (await answerOf(await stack.post(to, submission(topicId, emails, fields)))) as Created;
}

function email(id: string): Promise<Email> {
  return stack.get<Email>(gateway, `/v1/emails/${id}`);
}

async function states(topicId: string): Promise<Record<string, number>> {
  const page = await stack.topic(gateway, topicId);
  return Object.fromEntries(Object.entries(page.states).filter(([, count]) => count > 0));
}

function mailsTo(address: string): number {
  return stack.sink.mails.filter(({ to }) => to[0].toLowerCase() === address.toLowerCase()).length;
}

describe('a suppressed address', () => {
  it('gets an id and no mail: at acceptance, without case', async () => {
    await list.add('Blocked@Example.com', { address: 'complained@example.com', reason: 'complaint' });
    sender = await stack.sender();
    const { count, messages } = await submit('accept', [
      'first@example.com',
      'BLOCKED@example.com',
      'complained@example.com',
      'last@example.com',
    ]);
    expect({ count, message: messages[0] }).toMatchObject({ count: 4, message: { count: 4, suppressed: 2 } });
    expect(new Set(messages[0].email_ids).size).toBe(4);
    const [first, blocked, complained] = messages[0].email_ids;
    expect(await email(blocked)).toMatchObject({ state: 'suppressed', reason: 'suppressed: manual', attempts: 0 });
    expect(await email(complained)).toMatchObject({ state: 'suppressed', reason: 'suppressed: complaint' });

    await eventually(async () => (await email(first)).state === 'sent', SOON_MS, 'the first mail');
    await eventually(async () => (await states('accept')).sent === 2, SOON_MS, 'both mails');
    expect(await states('accept')).toEqual({ sent: 2, suppressed: 2 });
    expect((await stack.topic(gateway, 'accept')).request).toMatchObject({ total: 4, sent: 2, stopped: 2 });
    expect([mailsTo('blocked@example.com'), mailsTo('complained@example.com')]).toEqual([0, 0]);
  });

  it('leaves nothing behind that waits, where a whole message is suppressed', async () => {
    await list.add('nobody1@example.com', 'nobody2@example.com');
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await submit('nobody', ['nobody1@example.com', 'nobody2@example.com'], { scheduled_at: inAnHour });
    expect(await states('nobody')).toEqual({ suppressed: 2 });
    expect(await stack.query(`SELECT state, size FROM batches WHERE topic_id = 'nobody'`)).toEqual([
      { state: 9, size: 0 },
    ]);
    expect(await stack.recount()).toBe('');
  });

  it('gets no mail that was scheduled before', async () => {
    const schedule = { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() };
    const { messages } = await submit('scheduled', ['kept@example.com', 'Late@example.com'], schedule);
    expect(messages[0].suppressed).toBe(0);
    const whole = await submit('scheduled-whole', ['late@example.com'], schedule);
    expect(await states('scheduled')).toEqual({ pending: 2 });
    await list.add({ address: 'late@example.com', reason: 'unsubscribe' });
    for (const topicId of ['scheduled', 'scheduled-whole']) await stack.makeDue(topicId);

    const [kept, late] = messages[0].email_ids;
    await eventually(async () => (await email(late)).state !== 'pending', SOON_MS, 'the dispatch');
    expect(await email(late)).toMatchObject({ state: 'suppressed', reason: 'suppressed: unsubscribe', attempts: 0 });
    await eventually(async () => (await email(kept)).state === 'dispatched', SOON_MS, 'the dispatch of the other');
    expect(await states('scheduled')).toEqual({ dispatched: 1, suppressed: 1 });
    await eventually(
      async () => (await email(whole.messages[0].email_ids[0])).state === 'suppressed',
      SOON_MS,
      'the end of a message whose only recipient was suppressed',
    );
    expect(await stack.query(`SELECT id FROM batches WHERE topic_id LIKE 'scheduled%' AND state = 0`)).toEqual([]);

    sender = await stack.sender();
    await stack.sink.waitFor(({ to }) => to[0] === 'kept@example.com', SOON_MS);
    expect(mailsTo('late@example.com')).toBe(0);
  });

  it('gets no mail that is in the stream already', async () => {
    const { messages } = await submit('in-stream', ['streamed@example.com', 'Caught@Example.com']);
    await eventually(async () => (await states('in-stream')).dispatched === 2, SOON_MS, 'the dispatch');
    await list.add('caught@example.com');

    sender = await stack.sender();
    await stack.sink.waitFor(({ to }) => to[0] === 'streamed@example.com', SOON_MS);
    const caught = messages[0].email_ids[1];
    await eventually(async () => (await email(caught)).state !== 'dispatched', SOON_MS, 'the verdict');
    expect(await email(caught)).toMatchObject({ state: 'suppressed', reason: 'suppressed: manual', attempts: 0 });
    const manager = await stack.nats.jetstreamManager();
    await eventually(
      async () => (await manager.streams.info(stack.name)).state.messages === 0,
      SOON_MS,
      'the acknowledgement of both',
    );
    expect(mailsTo('caught@example.com')).toBe(0);
    await eventually(async () => (await states('in-stream')).sent === 1, SOON_MS, 'the outcome');
    expect(await states('in-stream')).toEqual({ sent: 1, suppressed: 1 });
  });

  it('gets mail again when it is released', async () => {
    await list.add('back@example.com', 'also@example.com');
    await stack.query(`INSERT INTO soft_bounces VALUES ('back@example.com', 5, now())`);
    expect((await submit('released', ['back@example.com'])).messages[0].suppressed).toBe(1);

    expect(await answerOf(await list.call('DELETE', `/${encodeURIComponent('Back@Example.com')}`))).toEqual({
      removed: 1,
    });
    expect(await answerOf(await list.call('DELETE', '/back@example.com'))).toEqual({ removed: 0 });
    const both = { addresses: ['ALSO@example.com', 'back@example.com'] };
    expect(await answerOf(await list.call('DELETE', '', both))).toEqual({ removed: 1 });
    expect(await stack.query('SELECT * FROM soft_bounces')).toEqual([]);

    sender = await stack.sender();
    expect((await submit('released', ['back@example.com'])).messages[0].suppressed).toBe(0);
    await stack.sink.waitFor(({ to }) => to[0] === 'back@example.com', SOON_MS);
  });
});

describe('ALLOWED_RECIPIENTS', () => {
  const here = { ALLOWED_RECIPIENTS: 'ada@example.com,staging.example' };

  it('lets mail to its addresses and domains through, and no other', async () => {
    const staging = await stack.gateway(here);
    sender = await stack.sender(here);
    const emails = ['ADA@example.com', 'bob@example.com', 'anybody@staging.example', 'x@sub.staging.example'];
    const { messages } = await submit('allowed', emails, {}, staging);
    expect(messages[0]).toMatchObject({ count: 4, suppressed: 2 });
    expect(await email(messages[0].email_ids[1])).toMatchObject({ state: 'suppressed', reason: 'not_allowed_here' });
    await eventually(async () => (await states('allowed')).sent === 2, SOON_MS, 'the allowed mails');
    expect(await states('allowed')).toEqual({ sent: 2, suppressed: 2 });
    await staging.stop();
  });

  it('holds in the sender too, whoever filled the stream', async () => {
    const { messages } = await submit('leaked', ['ada@example.com', 'leaked@example.com']);
    await eventually(async () => (await states('leaked')).dispatched === 2, SOON_MS, 'the dispatch');
    sender = await stack.sender(here);
    await eventually(async () => (await states('leaked')).sent === 1, SOON_MS, 'the allowed mail');
    const leaked = messages[0].email_ids[1];
    await eventually(async () => (await email(leaked)).state !== 'dispatched', SOON_MS, 'the verdict');
    expect(await email(leaked)).toMatchObject({ state: 'suppressed', reason: 'not_allowed_here', attempts: 0 });
    expect(mailsTo('leaked@example.com')).toBe(0);
  });

  it('is refused where it names nothing that is an address or a domain', async () => {
    const { code, output } = await stack.run('dist/src/sender/main.js', { ALLOWED_RECIPIENTS: 'example' });
    expect(code).not.toBe(0);
    expect(output).toContain('ALLOWED_RECIPIENTS must be a list of addresses and domains');
  });
});

describe('a dry run', () => {
  it('says what would become of each recipient, and stores nothing', async () => {
    await list.add({ address: 'dry@example.com', reason: 'complaint' });
    const staging = await stack.gateway({ ALLOWED_RECIPIENTS: 'example.com' });
    const emails = ['a@example.com', 'DRY@example.com', 'a@example.com', 'x@example.org', 'nobody'];
    const before = await stack.query('SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM idempotency_keys)');
    const dryRun = (headers: Record<string, string>) =>
      fetch(`${staging.url}/v1/messages?dry_run=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': API_KEY, 'idempotency-key': 'dry', ...headers },
        body: JSON.stringify(submission('dry', emails)),
      });
    await expectProblem(await dryRun({}), 400, 'validation_failed');
    const response = await dryRun({ prefer: 'handling=lenient' });
    expect(response.headers.get('preference-applied')).toBe('handling=lenient');
    expect(await answerOf(response)).toEqual({
      dry_run: true,
      count: 3,
      messages: [
        {
          count: 3,
          duplicates: 1,
          suppressed: 1,
          not_allowed: 1,
          recipients: [
            { email: 'a@example.com', verdict: 'valid' },
            { email: 'DRY@example.com', verdict: 'suppressed', reason: 'complaint' },
            { email: 'a@example.com', verdict: 'duplicate' },
            { email: 'x@example.org', verdict: 'not_allowed_here' },
            { email: null, verdict: 'rejected', reason: 'has no @' },
          ],
        },
      ],
      rejected: [{ pointer: '/messages/0/emails/4', code: 'invalid_email', detail: 'has no @' }],
    });
    await sleep(200);
    const after = await stack.query('SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM idempotency_keys)');
    expect(after).toEqual(before);
    expect((await stack.topic(gateway, 'dry')).request.total).toBe(0);
    await staging.stop();
  });
});

describe('the check at acceptance', () => {
  it('blocks 4,000 of 8,000 recipients at acceptance', async () => {
    await list.add(...recipients(4_000, 'blocked'));
    const emails = [...recipients(4_000, 'blocked'), ...recipients(4_000, 'unlisted')];
    const parts = Array.from({ length: 8 }, (_, index) => emails.slice(index * 1_000, (index + 1) * 1_000));
    const messages = parts.map((part) => submission('many', part).messages[0]);
    const created = (await answerOf(await stack.post(gateway, { messages }))) as Created;
    expect(created.messages.map(({ suppressed }) => suppressed)).toEqual([1_000, 1_000, 1_000, 1_000, 0, 0, 0, 0]);
    await eventually(async () => (await states('many')).dispatched === 4_000, SOON_MS, 'the dispatch');
    expect(await states('many')).toEqual({ dispatched: 4_000, suppressed: 4_000 });
    expect(await stack.recount()).toBe('');
  });
});
