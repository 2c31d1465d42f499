import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/eventually.js';
import { type Gateway, Stack } from '../support/stack.js';

const MINUTE_MS = 60_000;
/** Seoul has no daylight saving time: its clocks are always nine hours ahead of UTC. */
const SEOUL_OFFSET_MS = 9 * 60 * MINUTE_MS;

interface Created {
  messages: { id: string; email_ids: string[] }[];
}

interface MessagePage {
  scheduled_at: string | null;
  states: Record<string, number>;
}

function inAMinute(): Date {
  return new Date(Math.ceil(Date.now() / 1_000) * 1_000 + MINUTE_MS);
}

/** A time as the clients of the old service write it: local, without an offset. */
function localTime(instant: Date, offsetMs = 0): string {
  return new Date(instant.getTime() + offsetMs).toISOString().slice(0, 19);
}

/** The example of the documentation, but for its time. */
function example(fields: Record<string, unknown>) {
  return {
    messages: [{ emails: ['user@example.com'], subject: 'Welcome!', content: '<h1>Hello World</h1>', ...fields }],
  };
}

describe('scheduling', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start();
    [gateway] = await Promise.all([stack.gateway(), stack.sender()]);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function submit(to: Gateway, body: unknown): Promise<Created['messages'][number]> {
    const response = await stack.post(to, body);
    expect(response.status).toBe(200);
    return ((await response.json()) as Created).messages[0];
  }

  /** Whatever was due before is sent too once this mail has arrived. */
  async function untilSentAfter(address: string): Promise<void> {
    await submit(gateway, example({ emails: [address] }));
    await stack.sink.waitFor(({ to }) => to[0] === address, 5_000);
  }

  it.each([
    { topic: 'topic_id', time: 'scheduled_at' },
    { topic: 'topicId', time: 'scheduledAt' },
  ])('holds the documented example back until its $time', async ({ topic, time }) => {
    const due = inAMinute();
    const label = `held-${time}`;
    const { id, email_ids } = await submit(gateway, example({ [topic]: label, [time]: localTime(due) }));

    await untilSentAfter(`at-once-${time}@example.com`);

    const message = await stack.get<MessagePage>(gateway, `/v1/messages/${id}`);
    expect(message.scheduled_at).toBe(due.toISOString());
    expect(message.states).toMatchObject({ pending: 1, dispatched: 0, sent: 0 });
    const email = await stack.get(gateway, `/v1/emails/${email_ids[0]}`);
    expect(email).toMatchObject({
      state: 'pending',
      topic_id: label,
      scheduled_at: due.toISOString(),
      dispatched_at: null,
    });
    expect((await stack.topic(gateway, label)).request).toMatchObject({ total: 1, created: 1, sent: 0 });
    expect(stack.sink.mails.filter(({ to }) => to[0] === 'user@example.com')).toEqual([]);
  });

  it('refuses schedule_at, names scheduled_at, and stores nothing', async () => {
    const response = await stack.post(gateway, example({ topic_id: 'misspelt', schedule_at: localTime(inAMinute()) }));
    const { errors } = await expectProblem(response, 400, 'validation_failed');
    expect(errors).toEqual([
      {
        pointer: '/messages/0/schedule_at',
        code: 'unknown_field',
        detail: expect.stringContaining('"scheduled_at"') as string,
      },
    ]);
    expect(await stack.query(`SELECT id FROM messages WHERE topic_id = 'misspelt'`)).toEqual([]);
    expect((await stack.topic(gateway, 'misspelt')).request.total).toBe(0);
  });

  describe('with DEFAULT_TIMEZONE=Asia/Seoul and UNKNOWN_FIELDS=warn', () => {
    let inSeoul: Gateway;

    beforeAll(async () => {
      inSeoul = await stack.gateway({ DEFAULT_TIMEZONE: 'Asia/Seoul', UNKNOWN_FIELDS: 'warn' });
    });

    it('reads a time without an offset on the clocks of Seoul', async () => {
      const due = inAMinute();
      const { id } = await submit(
        inSeoul,
        example({ topic_id: 'seoul', scheduled_at: localTime(due, SEOUL_OFFSET_MS) }),
      );
      const message = await stack.get<MessagePage>(inSeoul, `/v1/messages/${id}`);
      expect(message).toMatchObject({ scheduled_at: due.toISOString(), states: { pending: 1 } });
    });

    it('reads a time with an offset as what it says', async () => {
      const due = inAMinute();
      const { id } = await submit(inSeoul, example({ topic_id: 'offset', scheduled_at: `${localTime(due)}Z` }));
      expect((await stack.get<MessagePage>(inSeoul, `/v1/messages/${id}`)).scheduled_at).toBe(due.toISOString());
    });

    it('accepts an unknown field, drops it, and says so in the log', async () => {
      const { id } = await submit(
        inSeoul,
        example({ emails: ['warned@example.com'], schedule_at: localTime(inAMinute()) }),
      );
      expect((await stack.get<MessagePage>(inSeoul, `/v1/messages/${id}`)).scheduled_at).toBeNull();
      await stack.sink.waitFor(({ to }) => to[0] === 'warned@example.com', 5_000);
      await eventually(() => inSeoul.output.includes('/messages/0/schedule_at'), 2_000, 'a warning in the log');
    });
  });
});
