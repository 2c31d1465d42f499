import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmailDto, EmailListDto } from '../../src/events/dto/email.dto.js';
import type { MessageDto } from '../../src/messages/dto/message.dto.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { sesEvent } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

interface Erased {
  erased: number;
  stopped: number;
  in_flight: number;
}

const ROUNDS = 150;
const LATER = () => new Date(Date.now() + 3_600_000).toISOString();

/** The sender starts with the test that needs it; before, everything stays where the dispatcher puts it. */
describe('erasure', () => {
  let stack: Stack;
  let gateway: Gateway;
  const sns = new SnsTopic();

  beforeAll(async () => {
    stack = await Stack.start({ env: { ...sns.env, EVENT_RAW: 'all', BATCH_SIZE: '10' }, sink: { delayMs: 5 } });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    sns.close();
    await stack.stop();
  });

  async function submit(topicId: string, emails: unknown[], fields: Record<string, unknown> = {}): Promise<string[]> {
    const message = { topic_id: topicId, emails, subject: 'Hello', content: '<p>Hello</p>', ...fields };
    const response = await stack.post(gateway, { messages: [message] });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    return messages[0].email_ids;
  }

  const erase = (address: string) =>
    fetch(`${gateway.url}/v1/recipients/${encodeURIComponent(address)}`, {
      method: 'DELETE',
      headers: { 'x-api-key': API_KEY },
    });

  async function erased(address: string): Promise<Erased> {
    const response = await erase(address);
    expect(response.status).toBe(200);
    return (await response.json()) as Erased;
  }

  const email = (id: string) => stack.get<EmailDto>(gateway, `/v1/emails/${id}`);

  async function until(id: string, state: string): Promise<void> {
    await eventually(async () => (await email(id)).state === state, 20_000, `${state} of ${id}`);
  }

  /** Rows of any table in which the address stands, in any spelling. */
  async function traces(address: string, except: readonly string[] = []): Promise<string[]> {
    const tables = await stack.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      if (except.includes(name)) continue;
      const rows = await stack.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} AS t WHERE strpos(lower(t::text), $1) > 0`,
        [address.toLowerCase()],
      );
      found.push(...rows.map(({ row }) => `${name}: ${row}`));
    }
    return found;
  }

  const report = async (id: string, address: string, type: Parameters<typeof sesEvent>[2]['type']) => {
    expect(await sns.post(gateway.url, sns.notification(sesEvent(id, address, { type, second: 1, flag: false })))).toBe(
      200,
    );
  };

  it('stops what waits and what is in the stream, removes every trace, and keeps the counters', async () => {
    const address = 'Ada.Lovelace@example.com';
    const [later] = await submit('one', [{ email: address, variables: { name: 'Ada' } }, 'bob@example.com'], {
      scheduled_at: LATER(),
      subject: 'Hello {{name}}',
      variables: { name: 'you' },
    });
    const [mine] = await submit('one', [address], { subject: `For ${address}` });
    const [other] = await submit('one', ['ada.lovelace@example.com', 'bob@example.com']);
    for (const id of [mine, other]) await until(id, 'dispatched');
    await report(other, address, 'Bounce');
    const before = await stack.topic(gateway, 'one');

    expect(await erased('ada.lovelace@EXAMPLE.com')).toEqual({ erased: 3, stopped: 2, in_flight: 0 });
    expect(await traces(address)).toEqual([]);
    for (const id of [later, mine])
      expect(await email(id)).toMatchObject({ email: null, state: 'stopped', reason: 'erased' });
    expect(await email(other)).toMatchObject({ email: null, state: 'bounced', reason: null, events: [] });
    // Made for this person alone; the others' content stays.
    expect((await email(mine)).subject).toBeNull();
    expect((await email(later)).subject).toBe('Hello {{name}}');
    const message = await stack.get<MessageDto>(gateway, `/v1/messages/${(await email(mine)).message_id}`);
    expect(message).toMatchObject({ subject: null, count: 1, states: { stopped: 1 } });

    const after = await stack.topic(gateway, 'one');
    expect(after).toMatchObject({ request: { ...before.request, created: 1, sent: 2, stopped: 2 } });
    expect((after as unknown as { result: unknown }).result).toEqual((before as unknown as { result: unknown }).result);
    const log = await stack.get<EmailListDto>(gateway, `/v1/emails?address=${encodeURIComponent(address)}`);
    expect(log.data).toEqual([]);
    expect(await stack.recount()).toBe('');
    expect(await erased(address)).toEqual({ erased: 0, stopped: 0, in_flight: 0 });
  });

  it('stores nothing of what is reported later, and forgets what waited for its email', async () => {
    const address = 'late@example.com';
    const [id] = await submit('late', [address]);
    await until(id, 'dispatched');
    await report('01900000-0000-7000-8000-000000000000', address, 'Complaint');
    expect(await traces(address, ['emails'])).toHaveLength(1);
    await erased(address);
    for (const type of ['Delivery', 'Complaint'] as const) await report(id, address, type);
    expect(await traces(address)).toEqual([]);
    expect(await email(id)).toMatchObject({ state: 'stopped', events: [] });
  });

  it('keeps a suppression, and sends nothing again', async () => {
    const address = 'never@example.com';
    const [id] = await submit('never', [address], { scheduled_at: LATER() });
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const body = JSON.stringify({ addresses: [address] });
    await fetch(`${gateway.url}/v1/suppressions`, { method: 'POST', headers, body });
    await erased(address);
    expect((await traces(address)).map((row) => row.split(':')[0])).toEqual(['suppressions']);
    await submit('never', [address]);
    expect(await stack.topic(gateway, 'never')).toMatchObject({ states: { stopped: 1, suppressed: 1 } });
    await fetch(`${gateway.url}/v1/topics/never/retry`, { method: 'POST', headers, body: '{"states":["stopped"]}' });
    expect(await email(id)).toMatchObject({ state: 'stopped', email: null });
  });

  it('refuses what is no address', async () => {
    await expectProblem(await erase('nobody'), 400, 'validation_failed');
  });

  it('erases whoever is being dispatched and sent at that moment, and sends nothing that it calls stopped', async () => {
    const address = 'busy@example.com';
    await Promise.all([stack.sender(), stack.sender()]);
    const ids: string[] = [];
    let isOver = false;
    const submitting = (async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const emails = [address, ...Array.from({ length: 20 }, (_, at) => `other${round}-${at}@example.com`)];
        ids.push((await submit('busy', emails))[0]);
        await sleep(Math.random() * 20);
      }
      isOver = true;
    })();
    let count = 0;
    while (!isOver) {
      count += (await erased(address)).erased;
      await sleep(Math.random() * 150);
    }
    await submitting;
    await erased(address);
    await eventually(async () => (await traces(address)).length === 0, 30_000, 'the last trace');
    await eventually(
      async () => {
        const { states } = await stack.topic(gateway, 'busy');
        return states.pending + states.dispatched + states.sending === 0;
      },
      30_000,
      'the end of all mail',
    );
    expect(count).toBeGreaterThan(0);
    const states = new Map<string, string>();
    for (const id of ids) states.set(id, (await email(id)).state);
    expect(['sent', 'stopped']).toEqual(expect.arrayContaining([...new Set(states.values())]));
    const got = new Set(
      stack.sink.mails.flatMap(({ raw }) => /^X-Messages-Email-ID: (\S+)/im.exec(raw.toString('latin1'))?.[1] ?? []),
    );
    for (const [id, state] of states) expect([id, got.has(id)]).toEqual([id, state === 'sent']);
    expect(await stack.topic(gateway, 'busy')).toMatchObject({ request: { total: ROUNDS * 21 } });
    expect(await stack.query('SELECT FROM erasures')).toEqual([]);
    expect(await stack.recount()).toBe('');
  });
});

describe('erasure with an external sender', () => {
  it('cannot stop what is in its stream, and forgets the address all the same', async () => {
    const stack = await Stack.start({ env: { EXTERNAL_SENDER: 'true' } });
    const gateway = await stack.gateway();
    const body = { messages: [{ topic_id: 't', emails: ['ada@example.com'], subject: 'x', content: 'x' }] };
    expect((await stack.post(gateway, body)).status).toBe(200);
    await eventually(async () => (await stack.topic(gateway, 't')).states.dispatched === 1, 10_000, 'the dispatch');
    const headers = { 'x-api-key': API_KEY };
    const answer = await fetch(`${gateway.url}/v1/recipients/ada@example.com`, { method: 'DELETE', headers });
    expect(await answer.json()).toEqual({ erased: 1, stopped: 0, in_flight: 0 });
    expect(await stack.query(`SELECT address FROM emails`)).toEqual([{ address: '' }]);
    expect(await stack.topic(gateway, 't')).toMatchObject({ states: { dispatched: 1 } });
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });
});
