import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';

const STATES = {
  pending: 0,
  dispatched: 0,
  sending: 0,
  sent: 0,
  delivered: 0,
  bounced: 0,
  complained: 0,
  failed: 0,
  stopped: 0,
  suppressed: 0,
  expired: 0,
  uncertain: 0,
};

const REQUEST = { total: 0, created: 0, processing: 0, sent: 0, failed: 0, stopped: 0 };

function statistics(topicId: string, request: Partial<typeof REQUEST>, states: Partial<typeof STATES>) {
  return {
    topic_id: topicId,
    request: { ...REQUEST, ...request },
    result: { statuses: {} },
    states: { ...STATES, ...states },
    rates: { delivery: 0, bounce: 0, complaint: 0, open: 0 },
    opens: { human: 0, machine: 0 },
    paused: null,
    pause_reason: null,
    expected_finish_at: null,
  };
}

/** The tests stand in the order of a campaign's life: the sender starts with the one that needs it. */
describe('topics', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start();
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function submit(fields: Record<string, unknown>): Promise<string[]> {
    const message = { emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>', ...fields };
    const response = await stack.post(gateway, { messages: [message] });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  async function stop(topicId: string): Promise<unknown> {
    const response = await fetch(`${gateway.url}/v1/topics/${topicId}`, {
      method: 'DELETE',
      headers: { 'x-api-key': API_KEY },
    });
    expect(response.status).toBe(200);
    return response.json();
  }

  function untilState(topicId: string, state: string, count: number): Promise<boolean> {
    const isReached = async () => (await stack.topic(gateway, topicId)).states[state] === count;
    return eventually(isReached, 10_000, `${count} ${state} of ${topicId}`);
  }

  const later = () => new Date(Date.now() + 3_600_000).toISOString();

  it('have zeros before their first mail', async () => {
    expect(await stack.get(gateway, '/v1/topics/never-used')).toEqual(statistics('never-used', {}, {}));
    expect(await stop('never-used-either')).toEqual({ stopped: 0, in_flight: 0 });
  });

  it('count what waits, under the old names and the new ones', async () => {
    await submit({ topic_id: 'waiting', emails: recipients(3), scheduled_at: later() });
    expect(await stack.get(gateway, '/v1/topics/waiting')).toEqual(
      statistics('waiting', { total: 3, created: 3 }, { pending: 3 }),
    );
  });

  it('count what was dispatched as sent', async () => {
    await submit({ topic_id: 'dispatched', emails: recipients(2) });
    await untilState('dispatched', 'dispatched', 2);
    expect(await stack.get(gateway, '/v1/topics/dispatched')).toEqual(
      statistics('dispatched', { total: 2, sent: 2 }, { dispatched: 2 }),
    );
  });

  it.each([{}, { topic_id: '' }, { topic_id: null }, { topicId: '' }])('count %j under ~', async (fields) => {
    const before = await stack.topic(gateway, '~');
    await submit({ ...fields, scheduled_at: later() });
    const after = await stack.get<{ topic_id: string; request: { total: number } }>(gateway, '/v1/topics/~');
    expect(after.topic_id).toBe('');
    expect(after.request.total).toBe(before.request.total + 1);
  });

  it('that are not topics are refused', async () => {
    const call = (path: string) => fetch(`${gateway.url}/v1/topics/${path}`, { headers: { 'x-api-key': API_KEY } });
    await expectProblem(await call('x'.repeat(51)), 400, 'validation_failed');
    await expectProblem(await call('%00'), 400, 'validation_failed');
  });

  it('add their dispatched mail to the count of the last hours', async () => {
    const before = await stack.get<{ count: number }>(gateway, '/v1/events/counts/sent');
    await submit({ topic_id: 'counted', emails: recipients(5) });
    await untilState('counted', 'dispatched', 5);
    for (const [query, hours] of [
      ['', 24],
      ['?hours=1', 1],
      ['?hours=168', 168],
    ] as const) {
      const path = `/v1/events/counts/sent${query}`;
      const found = await stack.get<{ count: number; hours: number; since: string }>(gateway, path);
      expect(found).toEqual({ count: before.count + 5, hours, since: expect.stringMatching(/:00\.000Z$/) as string });
      const ageMs = Date.now() - Date.parse(found.since) - hours * 3_600_000;
      expect(ageMs).toBeGreaterThanOrEqual(0);
      expect(ageMs).toBeLessThan(2 * 60_000);
    }
  });

  it('stop what is pending at once, and send what comes later', async () => {
    const [emailId] = await submit({ topic_id: 'called-off', emails: recipients(4), scheduled_at: later() });
    await submit({ topic_id: 'another', emails: recipients(1), scheduled_at: later() });
    expect(await stop('called-off')).toEqual({ stopped: 4, in_flight: 0 });
    expect(await stack.get(gateway, '/v1/topics/called-off')).toEqual(
      statistics('called-off', { total: 4, stopped: 4 }, { stopped: 4 }),
    );
    expect(await stack.get(gateway, `/v1/emails/${emailId}`)).toMatchObject({ state: 'stopped' });
    expect((await stack.topic(gateway, 'another')).states).toMatchObject({ pending: 1, stopped: 0 });
    expect(await stop('called-off')).toEqual({ stopped: 0, in_flight: 0 });

    await submit({ topic_id: 'called-off', emails: ['back-on@example.com'] });
    await untilState('called-off', 'dispatched', 1);
    expect((await stack.topic(gateway, 'called-off')).request).toMatchObject({ total: 5, sent: 1, stopped: 4 });
  });

  it('whose mail is in the stream already when they stop keep our sender from sending it', async () => {
    const [refusedId] = await submit({
      topic_id: 'too-late',
      emails: ['refused-1@example.com', 'refused-2@example.com'],
    });
    await untilState('too-late', 'dispatched', 2);
    expect(await stop('too-late')).toEqual({ stopped: 0, in_flight: 2 });
    await submit({ topic_id: 'too-late', emails: ['sent@example.com'] });

    await stack.sender();

    await stack.sink.waitFor(({ to }) => to[0] === 'sent@example.com', 10_000);
    await stack.sink.waitFor(({ to }) => to[0] === 'back-on@example.com', 10_000);
    await untilState('too-late', 'stopped', 2);
    await untilState('too-late', 'sent', 1);
    expect(await stack.get(gateway, '/v1/topics/too-late')).toEqual(
      statistics('too-late', { total: 3, sent: 1, stopped: 2 }, { sent: 1, stopped: 2 }),
    );
    expect(await stack.get(gateway, `/v1/emails/${refusedId}`)).toMatchObject({ state: 'stopped', sent_at: null });
    expect(stack.sink.mails.filter(({ to }) => to[0].startsWith('refused'))).toEqual([]);
  });
});
