import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';

interface Page {
  request: { total: number };
  states: Record<string, number>;
  paused: string | null;
  pause_reason: string | null;
}

/** The sender's: so many mails it has in its hands at most. */
const PLACES = 8;

const LATER = () => new Date(Date.now() + 3_600_000).toISOString();

/** The sender starts with the tests that need it; before, everything stays where the dispatcher puts it. */
describe('control', () => {
  let stack: Stack;
  let gateway: Gateway;
  const refused = new Set<string>();
  const arrivals = new Map<string, number>();
  /** Behind it the sink answers for mail of the topic `paused`. */
  let answer = Promise.resolve();

  beforeAll(async () => {
    stack = await Stack.start({
      // Nothing may wait for the sweep.
      env: { SCHEDULER_INTERVAL: '3600', BATCH_SIZE: '100', SENDER_CONCURRENCY: String(PLACES) },
      sink: {
        delayMs: 10,
        respond: ({ to: [recipient] }) => {
          const [topic] = recipient.split('-');
          arrivals.set(topic, (arrivals.get(topic) ?? 0) + 1);
          return refused.has(recipient) ? { status: 550, text: '5.1.1 user unknown' } : undefined;
        },
        keep: ({ to: [recipient] }) => (recipient.startsWith('paused-') ? answer : Promise.resolve()),
      },
    });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function submit(topicId: string, count: number, fields: Record<string, unknown> = {}): Promise<string[]> {
    const message = { topic_id: topicId, emails: recipients(count, `${topicId}-`), subject: 'x', content: '<p>x</p>' };
    const response = await stack.post(gateway, { messages: [{ ...message, ...fields }] });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  function call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { 'x-api-key': API_KEY, ...(body !== undefined && { 'content-type': 'application/json' }) };
    return fetch(gateway.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  async function done<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await call(method, path, body);
    const answer = (await response.json()) as Body;
    expect(response.status, JSON.stringify(answer)).toBe(200);
    return answer;
  }

  const pause = (topicId: string) => done<Page>('POST', `/v1/topics/${topicId}/pause`);
  const resume = (topicId: string) => done<Page>('POST', `/v1/topics/${topicId}/resume`);
  const retry = (topicId: string, ...states: string[]) => done('POST', `/v1/topics/${topicId}/retry`, { states });
  const page = (topicId: string) => stack.get<Page>(gateway, `/v1/topics/${topicId}`);

  /** The states that any email of the topic is in. */
  async function states(topicId: string): Promise<Record<string, number>> {
    return Object.fromEntries(Object.entries((await page(topicId)).states).filter(([, count]) => count > 0));
  }

  async function until(topicId: string, wanted: Record<string, number>, timeoutMs = 15_000): Promise<void> {
    let last: unknown;
    const isReached = async () => {
      last = await states(topicId);
      return JSON.stringify(last) === JSON.stringify(wanted);
    };
    await eventually(isReached, timeoutMs, topicId).catch(() => expect(last, topicId).toEqual(wanted));
  }

  const held = async (topicId: string) => {
    const [{ count }] = await stack.query<{ count: number }>(
      `SELECT coalesce(sum(size), 0)::int AS count FROM batches WHERE topic_id = $1 AND state = 0 AND claim_at = 'infinity'`,
      [topicId],
    );
    return count;
  };

  describe('of a topic', () => {
    it('holds what is pending and what comes, and says so', async () => {
      await submit('held', 2, { scheduled_at: LATER() });
      expect(await pause('held')).toMatchObject({ paused: expect.any(String) as string, pause_reason: null });
      const since = (await page('held')).paused;
      expect((await pause('held')).paused).toBe(since);
      expect(await held('held')).toBe(2);
      await submit('held', 3);
      await eventually(async () => (await held('held')) === 5, 10_000, 'the hold of what came later');
      expect(await states('held')).toEqual({ pending: 5 });
      const { data } = await stack.get<{ data: { topic_id: string; paused: string | null }[] }>(gateway, '/v1/topics');
      expect(data.find(({ topic_id }) => topic_id === 'held')?.paused).toBe(since);
    });

    it('releases it to its schedule', async () => {
      expect(await resume('held')).toMatchObject({ paused: null, pause_reason: null });
      await until('held', { pending: 2, dispatched: 3 });
      expect(await held('held')).toBe(0);
      expect((await resume('held')).paused).toBeNull();
    });

    it('stops what a pause holds', async () => {
      await submit('held-and-stopped', 2, { scheduled_at: LATER() });
      await pause('held-and-stopped');
      expect(await done('DELETE', '/v1/topics/held-and-stopped')).toEqual({ stopped: 2, in_flight: 0 });
      await resume('held-and-stopped');
      expect(await states('held-and-stopped')).toEqual({ stopped: 2 });
    });

    it('holds a topic that has no mail yet, and the empty one', async () => {
      expect((await pause('unused')).paused).not.toBeNull();
      expect((await pause('~')).paused).not.toBeNull();
      await submit('', 1);
      await eventually(async () => (await held('')) === 1, 10_000, 'the hold of mail without a topic');
      await resume('~');
      await until('~', { dispatched: 1 });
    });
  });

  describe('of an email', () => {
    it('cancels it while it is pending, and no neighbour', async () => {
      const [first, second] = await submit('cancelled', 3, { scheduled_at: LATER() });
      expect(await done('POST', `/v1/emails/${first}/cancel`)).toMatchObject({
        id: first,
        state: 'stopped',
        reason: 'cancelled',
      });
      expect(await states('cancelled')).toEqual({ pending: 2, stopped: 1 });
      await expectProblem(await call('POST', `/v1/emails/${first}/cancel`), 409, 'not_pending');
      expect(await stack.get(gateway, `/v1/emails/${second}`)).toMatchObject({ state: 'pending' });
    });

    it('gives it another schedule, and nothing to its neighbour', async () => {
      const [first, second] = await submit('rescheduled', 2, { scheduled_at: LATER() });
      const later = new Date(Date.now() + 7_200_000).toISOString();
      const path = `/v1/emails/${first}`;
      expect(await done('PATCH', path, { scheduled_at: later })).toMatchObject({
        state: 'pending',
        scheduled_at: later,
      });
      expect((await stack.get<{ scheduled_at: string }>(gateway, `/v1/emails/${second}`)).scheduled_at).not.toBe(later);
      expect(await done('PATCH', path, { scheduledAt: new Date().toISOString() })).toMatchObject({ id: first });
      await until('rescheduled', { pending: 1, dispatched: 1 });
      await expectProblem(await call('PATCH', path, { scheduled_at: later }), 409, 'not_pending');
    });

    it('counts it among what was dispatched for the first time', async () => {
      const count = async () => (await stack.get<{ count: number }>(gateway, '/v1/events/counts/sent')).count;
      const before = await count();
      const [id] = await submit('counted', 1, { scheduled_at: LATER() });
      await done('PATCH', `/v1/emails/${id}`, { scheduled_at: new Date().toISOString() });
      await until('counted', { dispatched: 1 });
      expect(await count()).toBe(before + 1);
    });

    it('asks to come again while a dispatcher holds it', async () => {
      const [id] = await submit('leased', 1, { scheduled_at: LATER() });
      await stack.query(`UPDATE batches SET lease_owner = 'somebody' WHERE topic_id = 'leased'`);
      const response = await call('POST', `/v1/emails/${id}/cancel`);
      expect(response.headers.get('retry-after')).toBe('1');
      await expectProblem(response, 409, 'being_dispatched');
      await stack.query(`UPDATE batches SET lease_owner = NULL WHERE topic_id = 'leased'`);
    });

    it('refuses what is unknown, and no schedule', async () => {
      const [id] = await submit('unscheduled', 1, { scheduled_at: LATER() });
      const path = `/v1/emails/${id}`;
      for (const body of [{}, { scheduled_at: null }, { scheduled_at: 'tomorrow' }, { scheduled_at: '2001-01-01' }]) {
        await expectProblem(await call('PATCH', path, body), 400, 'validation_failed');
      }
      await stack.query(`UPDATE batches SET expires_at = now() + interval '2 hours' WHERE topic_id = 'unscheduled'`);
      const late = new Date(Date.now() + 3 * 3_600_000).toISOString();
      await expectProblem(await call('PATCH', path, { scheduled_at: late }), 409, 'too_late');
      const unknown = '00000000-0000-7000-8000-000000000000';
      await expectProblem(await call('POST', `/v1/emails/${unknown}/cancel`), 404, 'not_found');
      await expectProblem(await call('PATCH', `/v1/emails/${unknown}`, { scheduled_at: late }), 404, 'not_found');
    });
  });

  describe('of what is late', () => {
    it('expires it in the dispatcher', async () => {
      const [id] = await submit('late', 3, { scheduled_at: LATER() });
      await stack.query(`UPDATE batches SET expires_at = now(), claim_at = now() WHERE topic_id = 'late'`);
      await stack.query('NOTIFY messages_due');
      await until('late', { expired: 3 });
      expect(await stack.get(gateway, `/v1/emails/${id}`)).toMatchObject({ state: 'expired', reason: 'expired' });
    });

    it('sends it all the same when that is asked for', async () => {
      expect(await retry('late', 'expired')).toEqual({ retried: 3 });
      // Not before its schedule, which is an hour away.
      expect(await states('late')).toEqual({ pending: 3 });
      const batches = await stack.query(`SELECT expires_at FROM batches WHERE topic_id = 'late' AND state = 0`);
      expect(batches).toEqual([{ expires_at: null }]);
    });
  });

  describe('of a retry', () => {
    it('refuses states that have nothing to be sent again', async () => {
      for (const body of [{}, { states: [] }, { states: 'failed' }, { states: ['failed', 'sent'] }, { states: [1] }]) {
        await expectProblem(await call('POST', '/v1/topics/any/retry', body), 400, 'validation_failed');
      }
      expect(await retry('never-used', 'failed')).toEqual({ retried: 0 });
    });

    it('sends what was stopped, also if the topic was stopped before', async () => {
      await submit('back', 4, { scheduled_at: LATER() });
      const [id] = await submit('back', 1, { scheduled_at: LATER() });
      await done('POST', `/v1/emails/${id}/cancel`);
      await done('DELETE', '/v1/topics/back');
      expect(await states('back')).toEqual({ stopped: 5 });
      expect(await retry('back', 'failed', 'expired', 'uncertain')).toEqual({ retried: 0 });
      expect(await retry('back', 'stopped')).toEqual({ retried: 5 });
      await stack.makeDue('back');
      await until('back', { dispatched: 5 });
    });
  });

  describe('of a sender', () => {
    const MAILS = 400;

    it('expires what is late when it takes it', async () => {
      await submit('overdue', 2);
      await until('overdue', { dispatched: 2 });
      await stack.query(`UPDATE batches SET expires_at = now() WHERE topic_id = 'overdue'`);
      await stack.sender();
      await until('overdue', { expired: 2 });
      expect(arrivals.has('overdue')).toBe(false);
    });

    it('stops behind what it has in its hands while other topics go on, and repeats nobody afterwards', async () => {
      let release!: () => void;
      answer = new Promise((resolve) => (release = resolve));
      onTestFinished(release);
      // In this order: what goes on must not take a place before.
      await submit('paused', MAILS);
      await submit('going', MAILS);
      await eventually(() => arrivals.get('paused') === PLACES, 20_000, 'a mail in every place');
      await pause('paused');
      release();
      await until('going', { sent: MAILS }, 30_000);
      await until('paused', { pending: MAILS - PLACES, sent: PLACES });
      expect(arrivals.get('paused')).toBe(PLACES);
      expect(await held('paused')).toBe(MAILS - PLACES);
      await resume('paused');
      await until('paused', { sent: MAILS }, 30_000);
      const twice = stack.sink.mails.filter(({ to }) => to[0].startsWith('paused-')).map(({ to }) => to[0]);
      expect({ mails: twice.length, recipients: new Set(twice).size }).toEqual({ mails: MAILS, recipients: MAILS });
    });

    it('sends exactly the failed ones again', async () => {
      const bad = recipients(300, 'failing-').filter((_, index) => index % 10 === 0);
      for (const address of bad) refused.add(address);
      await submit('failing', 300);
      await until('failing', { sent: 270, failed: 30 }, 30_000);
      const before = arrivals.get('failing')!;
      // One of them is suppressed meanwhile, and another fails again.
      await done('POST', '/v1/suppressions', { addresses: [bad[0]] });
      for (const address of bad.slice(2)) refused.delete(address);
      expect(await retry('failing', 'failed')).toEqual({ retried: 30 });
      await until('failing', { sent: 298, failed: 1, suppressed: 1 }, 30_000);
      expect(arrivals.get('failing')! - before).toBe(29);
      const twice = stack.sink.mails.filter(({ to }) => to[0].startsWith('failing-')).map(({ to }) => to[0]);
      expect({ mails: twice.length, recipients: new Set(twice).size }).toEqual({ mails: 298, recipients: 298 });
    });
  });
});
