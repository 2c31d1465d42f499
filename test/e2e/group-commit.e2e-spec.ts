import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, Stack } from '../support/stack.js';

const SUBMISSIONS = 200;

interface Created {
  messages: [{ id: string; email_ids: [string] }];
}

describe('small submissions that arrive together', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start();
    gateway = await stack.gateway({ SCHEDULER_ENABLED: 'false' });
    // A member that PostgreSQL refuses although every check before let it pass.
    await stack.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.subject = 'refused' THEN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END IF;
        RETURN NEW;
      END $$`);
    await stack.query('CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()');
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  function submit(topicId: string, index: number, subject = 'Hello', headers: Record<string, string> = {}) {
    const message = { topic_id: topicId, subject, content: '<p>Hello</p>', emails: [`user${index}@example.com`] };
    return stack.post(gateway, { messages: [message] }, headers);
  }

  it('are each answered with what was stored of them', async () => {
    const responses = await Promise.all(Array.from({ length: SUBMISSIONS }, (_, index) => submit('together', index)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const bodies = (await Promise.all(responses.map((response) => response.json()))) as Created[];
    const rows = await stack.query<{ id: string; address: string; message_id: string }>(
      `SELECT e.id, e.address, b.message_id FROM emails e JOIN batches b ON b.id = e.id WHERE b.topic_id = 'together'`,
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    expect(stored.size).toBe(SUBMISSIONS);
    for (const [index, { messages }] of bodies.entries()) {
      const [{ id, email_ids }] = messages;
      expect(stored.get(email_ids[0])).toMatchObject({ address: `user${index}@example.com`, message_id: id });
    }
    expect((await stack.topic(gateway, 'together')).request.total).toBe(SUBMISSIONS);
  });

  it('share a commit: there are fewer transactions than submissions', async () => {
    const [{ commits }] = await stack.query<{ commits: number }>(
      `SELECT count(DISTINCT xmin::text)::int AS commits FROM messages WHERE topic_id = 'together'`,
    );
    expect(commits).toBeLessThan(SUBMISSIONS);
  });

  it('are stored beside those of many recipients, each without whom its topic alone leaves out', async () => {
    await stack.query(
      `INSERT INTO suppressions (address, topic_id, reason, source)
       VALUES ('user1@example.com', 'bulk-1', 'unsubscribe', 'test'), ('user2@example.com', '', 'bounce', 'test')`,
    );
    const emails = Array.from({ length: 600 }, (_, index) => `User${index}@example.com`);
    const counts = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const topic_id = `bulk-${index % 3}`;
        const some = index % 2 === 0 ? emails : emails.slice(0, 3);
        const message = { topic_id, subject: 'Hello', content: '<p>Hello</p>', emails: some };
        const answer = (await (await stack.post(gateway, { messages: [message] })).json()) as {
          messages: [{ count: number; suppressed: number }];
        };
        return answer.messages[0];
      }),
    );
    expect(counts).toEqual(
      counts.map((_, index) =>
        expect.objectContaining({ count: index % 2 === 0 ? 600 : 3, suppressed: index % 3 === 1 ? 2 : 1 }),
      ),
    );
    const rows = await stack.query<{ topic_id: string; suppressed: number; sum: number }>(
      `SELECT topic_id, suppressed::int, pending::int + suppressed::int AS sum FROM topic_counters
       WHERE topic_id LIKE 'bulk-%' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { topic_id: 'bulk-0', suppressed: 4, sum: 1206 },
      { topic_id: 'bulk-1', suppressed: 8, sum: 1206 },
      { topic_id: 'bulk-2', suppressed: 4, sum: 1206 },
    ]);
  });

  it('do not fail for one that is refused', async () => {
    const responses = await Promise.all(
      Array.from({ length: SUBMISSIONS }, (_, index) =>
        submit('one-refused', index, index % 50 === 25 ? 'refused' : 'Hello'),
      ),
    );
    const failed = responses.flatMap(({ status }, index) => (status === 200 ? [] : [index]));
    expect(failed).toEqual([25, 75, 125, 175]);
    expect((await stack.topic(gateway, 'one-refused')).request.total).toBe(SUBMISSIONS - failed.length);
  });

  it('keep the meaning of an Idempotency-Key among others without one', async () => {
    const responses = await Promise.all(
      Array.from({ length: SUBMISSIONS }, (_, index) =>
        index % 2 === 0 ? submit('mixed', index) : submit('mixed', 0, 'Hello', { 'idempotency-key': 'mixed-key' }),
      ),
    );
    const statuses = new Set(responses.map(({ status }) => status));
    statuses.delete(409);
    expect(statuses).toEqual(new Set([200]));
    const keyed = responses.filter(({ status }, index) => index % 2 === 1 && status === 200);
    expect(new Set(await Promise.all(keyed.map((response) => response.text()))).size).toBe(1);
    expect((await stack.topic(gateway, 'mixed')).request.total).toBe(SUBMISSIONS / 2 + 1);
  });
});
