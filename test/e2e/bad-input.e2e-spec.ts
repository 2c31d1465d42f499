import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem } from '../support/problems.js';
import { rawRequest } from '../support/raw-http.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const MAX_BODY_BYTES = 65_536;
const GOOD = { topic_id: 'bad-input', emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Created {
  count: number;
  elapsed: string;
  messages: { id: string; count: number; duplicates: number; suppressed: number; email_ids: (string | null)[] }[];
  rejected?: { pointer: string; code: string; detail: string }[];
}

/** What the specs of src/http prove of the edge is not repeated here: these inputs meet the ledger, or would. */
describe('bad input', () => {
  let stack: Stack;
  let gateway: Gateway;
  let stored: number;

  beforeAll(async () => {
    stack = await Stack.start({ env: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) } });
    gateway = await stack.gateway();
  });

  beforeEach(async () => {
    stored = await countEmails();
  });

  afterAll(async () => {
    expect(gateway.output).not.toContain('internal_error');
    expect(gateway.output).not.toMatch(/request .* failed/);
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function countEmails(): Promise<number> {
    const [{ count }] = await stack.query<{ count: number }>('SELECT count(*)::int AS count FROM emails');
    return count;
  }

  function post(message: object, headers: Record<string, string> = {}): Promise<Response> {
    return stack.post(gateway, { messages: [message] }, headers);
  }

  async function created(response: Response): Promise<Created> {
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return JSON.parse(text) as Created;
  }

  it.each([
    ['NUL in the subject', { ...GOOD, subject: 'x\0y' }, '/messages/0/subject'],
    ['NUL in the content', { ...GOOD, content: '\0' }, '/messages/0/content'],
    ['NUL in the topic', { ...GOOD, topic_id: 'x\0' }, '/messages/0/topic_id'],
    ['NUL in an address', { ...GOOD, emails: ['a\0@example.com'] }, '/messages/0/emails/0'],
    ['NUL in an address object', { ...GOOD, emails: [{ email: 'a@example.com\0' }] }, '/messages/0/emails/0'],
    ['half of a surrogate pair', { ...GOOD, subject: 'x\ud800' }, '/messages/0/subject'],
    ['a header injection by address', { ...GOOD, emails: ['a@b.cd\r\nBcc: x@y.zz'] }, '/messages/0/emails/0'],
    ['a header injection by subject', { ...GOOD, subject: 'x\r\nBcc: x@y.zz' }, '/messages/0/subject'],
    ['a second recipient in an address', { ...GOOD, emails: ['a@b.cd,x@y.zz'] }, '/messages/0/emails/0'],
    ['SQL for a topic', { ...GOOD, topic_id: "a'; DROP TABLE emails--" }, '/messages/0/topic_id'],
    ['an address of 255 characters', { ...GOOD, emails: [`ab@${'c.'.repeat(125)}de`] }, '/messages/0/emails/0'],
    ['a time beyond all calendars', { ...GOOD, scheduled_at: '9999-12-31T23:59:59Z' }, '/messages/0/scheduled_at'],
  ])('%s is refused with its place, and nothing is stored', async (_name, message, pointer) => {
    const { errors } = await expectProblem(await post(message), 400, 'validation_failed');
    expect(errors).toEqual([expect.objectContaining({ pointer })]);
    expect(await countEmails()).toBe(stored);
  });

  it('one bad message keeps the good ones beside it out', async () => {
    const response = await stack.post(gateway, { messages: [GOOD, { ...GOOD, emails: ['a@b.cd', 'nobody'] }] });
    const { errors } = await expectProblem(response, 400, 'validation_failed');
    expect(errors).toEqual([expect.objectContaining({ pointer: '/messages/1/emails/1', code: 'invalid_email' })]);
    expect(await countEmails()).toBe(stored);
  });

  it.each([
    ['/v1/topics/%zz', 'bad_request'],
    ['/v1/topics/%00', 'validation_failed'],
    ['/v1/topics/%2e%2e%2fhealth', 'validation_failed'],
    ["/v1/topics/'%20OR%201=1--", 'validation_failed'],
    [`/v1/topics/${'x'.repeat(51)}`, 'validation_failed'],
    ['/v1/events/counts/sent?hours=', 'validation_failed'],
    ['/v1/events/counts/sent?hours=169', 'validation_failed'],
    ['/v1/events/counts/sent?hours=1&hours=2', 'validation_failed'],
    ['/v1/events/counts/sent?sort=(select%201)', 'validation_failed'],
    ['/v1/messages/%00', 'validation_failed'],
    ["/v1/emails/1'--", 'validation_failed'],
  ])('GET %s is refused', async (path, code) => {
    const { status, headers, body } = await rawRequest(gateway.url, 'GET', path, { 'x-api-key': API_KEY });
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 400,
      type: 'application/problem+json; charset=utf-8',
    });
    expect(JSON.parse(body)).toMatchObject({ code });
  });

  it('a body above MAX_BODY_BYTES is answered 413, and the next one is served', async () => {
    const response = await post({ ...GOOD, content: 'x'.repeat(MAX_BODY_BYTES) });
    await expectProblem(response, 413, 'payload_too_large');
    expect(await countEmails()).toBe(stored);
    await created(await post(GOOD));
  });

  it('addresses given twice are counted, and share the id of the first', async () => {
    const emails = ['b@example.com', ' a@example.com ', 'b@EXAMPLE.com', { email: 'a@example.com' }, 'B@example.com'];
    const { count, messages } = await created(await post({ ...GOOD, emails }));
    expect(count).toBe(3);
    expect(messages).toEqual([expect.objectContaining({ count: 3, duplicates: 2, suppressed: 0 })]);
    const ids = messages[0].email_ids as string[];
    expect(ids).toEqual([ids[0], ids[1], ids[0], ids[1], ids[4]]);
    expect(new Set(ids).size).toBe(3);
    for (const [id, address] of [
      [ids[0], 'b@example.com'],
      [ids[1], 'a@example.com'],
      [ids[4], 'B@example.com'],
    ]) {
      expect(id).toMatch(UUID);
      expect(await stack.get(gateway, `/v1/emails/${id}`)).toMatchObject({ email: address });
    }
    expect(await countEmails()).toBe(stored + 3);
  });

  it('handling=lenient stores the good addresses and lists the others, without an id', async () => {
    const emails = ['nobody', 'a@example.com', { email: 'x@@y.zz' }, 'b@example.com'];
    const response = await post({ ...GOOD, emails }, { prefer: 'handling=lenient' });
    expect(response.headers.get('preference-applied')).toBe('handling=lenient');
    const { count, messages, rejected } = await created(response);
    expect(count).toBe(2);
    expect(messages[0]).toMatchObject({ count: 2, duplicates: 0 });
    expect(messages[0].email_ids).toEqual([null, expect.stringMatching(UUID), null, expect.stringMatching(UUID)]);
    expect(rejected).toEqual([
      { pointer: '/messages/0/emails/0', code: 'invalid_email', detail: expect.any(String) as string },
      { pointer: '/messages/0/emails/2', code: 'invalid_email', detail: expect.any(String) as string },
    ]);
    expect(await countEmails()).toBe(stored + 2);
  });

  it('handling=lenient does not make a message without any good address', async () => {
    const response = await post({ ...GOOD, emails: ['nobody'] }, { prefer: 'handling=lenient' });
    await expectProblem(response, 400, 'validation_failed');
    expect(await countEmails()).toBe(stored);
  });

  it('more than 1,000 emails are listed for return=representation alone, in their order', async () => {
    const submission = {
      messages: [0, 1].map((i) => ({
        ...GOOD,
        emails: Array.from({ length: 501 }, (_, j) => `u${i}-${j}@example.com`),
      })),
    };
    const short = await created(await stack.post(gateway, submission));
    expect(short.count).toBe(1_002);
    expect(short.messages.map(({ email_ids }) => email_ids)).toEqual([undefined, undefined]);

    const whole = await created(await stack.post(gateway, submission, { prefer: 'return=representation' }));
    for (const [i, { email_ids }] of whole.messages.entries()) {
      expect(email_ids).toHaveLength(501);
      const rows = await stack.query<{ address: string }>(
        'SELECT address FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN emails USING (id) ORDER BY place',
        [email_ids],
      );
      expect(rows.map(({ address }) => address)).toEqual(submission.messages[i].emails);
    }
  });

  it('the count of a submission and its elapsed time have the form of the contract', async () => {
    const answer = await created(await post(GOOD));
    expect(answer).toEqual({
      count: 1,
      elapsed: expect.stringMatching(/^\d+(\.\d+)?ms$/) as string,
      messages: [
        {
          id: expect.stringMatching(UUID) as string,
          count: 1,
          duplicates: 0,
          suppressed: 0,
          email_ids: [expect.stringMatching(UUID)],
        },
      ],
    });
  });
});
