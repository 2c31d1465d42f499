import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';

const COUNT = 10;
const SENDING = 3;
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();
const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();

describe("an operator's word for a ledger that nobody noticed to be back", () => {
  let stack: Stack;
  let idle: Gateway;

  const accept = async (topicId: string, fields: object = {}) => {
    const message = {
      topic_id: topicId,
      emails: recipients(COUNT, topicId),
      subject: 'x',
      content: '<p>x</p>',
      ...fields,
    };
    expect((await stack.post(idle, { messages: [message] })).status).toBe(200);
  };
  const statesOf = async (topicId: string) => {
    const { states } = await stack.topic(idle, topicId);
    return Object.fromEntries(Object.entries(states).filter(([, count]) => count > 0));
  };
  const ledger = (...args: string[]) => stack.run('dist/src/cli/ledger.js', {}, args);

  beforeAll(async () => {
    stack = await Stack.start();
    const gateway = await stack.gateway();
    idle = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    for (const topicId of ['in-the-stream', 'with-a-sender']) await accept(topicId);
    await eventually(async () => (await stack.countOf('dispatched')) === 2 * COUNT, 10_000, 'the dispatch');
    await gateway.stop();
    await accept('due');
    await accept('later', { scheduled_at: IN_AN_HOUR });
    await accept('paused');
    const headers = { 'x-api-key': API_KEY };
    await fetch(`${idle.url}/v1/topics/paused/pause`, { method: 'POST', headers });
    // As a sender's claim leaves them.
    await stack.query(
      `WITH claimed AS (
         UPDATE emails SET state = 2, attempts = 1, claimed_at = now()
         WHERE id IN (SELECT id FROM emails WHERE address LIKE 'with-a-sender%' ORDER BY id LIMIT $1) RETURNING id
       ), counted AS (
         UPDATE topic_counters SET dispatched = dispatched - $1, sending = sending + $1 WHERE topic_id = 'with-a-sender'
       )
       INSERT INTO sender_claims (id, sender, lease_until, ids)
       SELECT gen_random_uuid(), 'host:1:x', now() + interval '1 hour', array_agg(id) FROM claimed`,
      [SENDING],
    );
    expect(await stack.recount()).toBe('');
  });

  afterAll(() => stack.stop());

  it('needs a time that is over', async () => {
    expect(await ledger('status')).toMatchObject({ code: 0, output: 'nothing is held\n' });
    for (const args of [['accept'], ['accept', '--since'], ['accept', '--since', 'yesterday'], ['forget']]) {
      expect(await ledger(...args)).toMatchObject({ code: 2, output: expect.stringContaining('usage') as string });
    }
    expect((await ledger('accept', '--since', IN_AN_HOUR)).code).toBe(1);
    expect(await stack.countOf('uncertain')).toBe(0);
  });

  it('puts in doubt what may have been sent, and nothing else', async () => {
    const { code, output } = await ledger('accept', '--since', AN_HOUR_AGO);
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining(`${4 * COUNT} emails`) as string,
    });
    for (const topicId of ['in-the-stream', 'with-a-sender', 'due', 'paused']) {
      expect(await statesOf(topicId)).toEqual({ uncertain: COUNT });
    }
    expect(await statesOf('later')).toEqual({ pending: COUNT });
    expect(await stack.query('SELECT 1 FROM sender_claims')).toEqual([]);
    // Without it nothing sends them again by itself.
    expect(await stack.query('SELECT 1 FROM emails WHERE state = 11 AND claimed_at IS NOT NULL')).toEqual([]);
    expect(await stack.recount()).toBe('');
  });

  it('changes nothing when it is said again, and what comes afterwards is sent', async () => {
    expect((await ledger('accept', '--since', AN_HOUR_AGO)).output).toContain('0 emails');
    await accept('afterwards');
    await Promise.all([stack.gateway(), stack.sender()]);
    await eventually(async () => (await stack.countOf('sent')) === COUNT, 20_000, 'what came afterwards');
    expect(stack.sink.mails).toHaveLength(COUNT);
    expect(await stack.countOf('uncertain')).toBe(4 * COUNT);
    expect(await stack.recount()).toBe('');
  });

  it('sends them again where that is wanted', async () => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const body = JSON.stringify({ states: ['uncertain'] });
    const response = await fetch(`${idle.url}/v1/topics/due/retry`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    await eventually(async () => (await stack.countOf('sent')) === 2 * COUNT, 20_000, 'the second sending');
    expect(await stack.recount()).toBe('');
  });
});
