import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmailDto, EmailListDto } from '../../src/events/dto/email.dto.js';
import type { TopicListDto } from '../../src/topics/dto/topic-list.dto.js';
import type { TopicTimelineDto } from '../../src/topics/dto/topic-timeline.dto.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { sesEvent, type SesFact } from '../support/ses-events.js';
import { SnsTopic } from '../support/sns.js';
import { API_KEY, type Gateway, recipients, Stack } from '../support/stack.js';

/** One campaign of five: all sent, four delivered, one bounced, two opened of which one by a program, one complained. */
describe('the reading routes', () => {
  const sns = new SnsTopic();
  const addresses = recipients(5, 'Reader-');
  let stack: Stack;
  let gateway: Gateway;
  let ids: string[];

  beforeAll(async () => {
    stack = await Stack.start({ env: { EXTERNAL_SENDER: 'true', ...sns.env } });
    gateway = await stack.gateway();
    ids = await submit({ topic_id: 'campaign', emails: addresses });
    await submit({ topic_id: 'other', emails: recipients(120, 'other-') });
    const scheduled_at = new Date(Date.now() + 3_600_000).toISOString();
    await submit({ topic_id: 'later', emails: recipients(3, 'later-'), scheduled_at });
    await eventually(async () => (await stack.topic(gateway, 'campaign')).states.dispatched === 5, 10_000, 'dispatch');
    for (const index of [0, 1, 2, 3, 4]) await report(index, 'Send', 1);
    for (const index of [0, 1, 2, 3]) await report(index, 'Delivery', 2);
    await report(4, 'Bounce', 2, true);
    await report(0, 'Open', 3);
    await report(0, 'Open', 4, true);
    await report(1, 'Open', 3, true);
    await report(2, 'Complaint', 5);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
    sns.close();
  });

  async function submit(fields: Record<string, unknown>): Promise<string[]> {
    const body = { messages: [{ subject: 'Hello', content: '<p>x</p>', ...fields }] };
    const response = await stack.post(gateway, body, { prefer: 'return=representation' });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { messages: { email_ids: string[] }[] };
    return answer.messages[0].email_ids;
  }

  async function report(index: number, type: SesFact['type'], second: number, flag = false): Promise<void> {
    const body = sns.notification(sesEvent(ids[index], addresses[index], { type, second, flag }));
    expect(await sns.post(gateway.url, body)).toBe(200);
  }

  /** The addresses of all pages of the log. */
  async function log(query: string): Promise<(string | null)[]> {
    const found: (string | null)[] = [];
    let cursor = '';
    for (;;) {
      const page = await stack.get<EmailListDto>(gateway, `/v1/emails?${query}${cursor}`);
      found.push(...page.data.map(({ email }) => email));
      if (page.next_cursor === null) return found;
      cursor = `&cursor=${page.next_cursor}`;
    }
  }

  it("a topic's page counts each email once per event, and a person's opens apart from programs'", async () => {
    expect(await stack.get(gateway, '/v1/topics/campaign')).toMatchObject({
      request: { total: 5, sent: 5 },
      result: { statuses: { Send: 5, Delivery: 4, Bounce: 1, Open: 2, Complaint: 1 } },
      states: { delivered: 3, bounced: 1, complained: 1 },
      rates: { delivery: 0.8, bounce: 0.2, complaint: 0.2, open: 0.5 },
      opens: { human: 1, machine: 1 },
    });
  });

  it('an email shows its events in the order in which they happened', async () => {
    const email = await stack.get<EmailDto>(gateway, `/v1/emails/${ids[0]}`);
    expect(email).toMatchObject({ state: 'delivered', sent_at: '2026-01-01T00:00:00.000Z' });
    expect(email.events.map(({ type, machine }) => [type, machine])).toEqual([
      ['Send', undefined],
      ['Delivery', undefined],
      ['Open', false],
      ['Open', true],
    ]);
    const bounced = await stack.get<EmailDto>(gateway, `/v1/emails/${ids[4]}`);
    expect(bounced).toMatchObject({ state: 'bounced', reason: 'smtp; 550 5.1.1 user unknown' });
    expect(bounced.events[1].detail).toMatchObject({ bounce_type: 'Permanent' });
  });

  it('the log lists what its filters say, newest first, once each over all pages', async () => {
    const newestFirst = [...addresses].reverse();
    expect(await log('topic_id=campaign')).toEqual(newestFirst);
    expect(await log('topic_id=campaign&limit=2')).toEqual(newestFirst);
    expect(await log('topic_id=campaign&state=delivered&limit=2')).toEqual([addresses[3], addresses[1], addresses[0]]);
    expect(await log('state=bounced')).toEqual([addresses[4]]);
    expect(await log('state=complained&topic_id=campaign')).toEqual([addresses[2]]);
    expect(await log('state=complained&topic_id=other')).toEqual([]);
    expect(await log('state=bounced&topic_id=unknown')).toEqual([]);
    expect(await log(`address=${addresses[1].toUpperCase()}`)).toEqual([addresses[1]]);
    expect(await log('address=nobody@example.com')).toEqual([]);
    expect(await log('state=pending')).toEqual(['later-2@example.com', 'later-1@example.com', 'later-0@example.com']);
    expect(await log('state=sending')).toEqual([]);
    expect(await log('topic_id=~')).toEqual([]);
    const { message_id } = await stack.get<EmailDto>(gateway, `/v1/emails/${ids[0]}`);
    expect(await log(`message_id=${message_id}&limit=1&state=delivered`)).toHaveLength(3);
    expect(await log(`message_id=${ids[0]}`)).toEqual([]);
    const all = await log('limit=7');
    expect(all).toHaveLength(128);
    expect(new Set(all).size).toBe(128);
  });

  it('the log finds what is stopped, though its batch says so', async () => {
    const headers = { 'x-api-key': API_KEY };
    await fetch(`${gateway.url}/v1/topics/later`, { method: 'DELETE', headers });
    expect(await log('state=stopped&limit=2')).toHaveLength(3);
    expect(await log('state=stopped&topic_id=later')).toHaveLength(3);
    expect(await log('state=pending&topic_id=later')).toEqual([]);
  });

  it('the list of topics has all of them over its pages', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await stack.get<TopicListDto>(gateway, `/v1/topics?limit=1${cursor}`);
      seen.push(...page.data.map(({ topic_id }) => topic_id));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    expect(seen.sort()).toEqual(['campaign', 'later', 'other']);
  });

  it.each(['minute', 'hour', 'day'])(
    'a timeline by %s has every bucket, and all that was counted',
    async (interval) => {
      const path = `/v1/topics/campaign/timeline?interval=${interval}`;
      const { from, to, data } = await stack.get<TopicTimelineDto>(gateway, path);
      expect([data[0].at, data.length]).toEqual([from, { minute: 60, hour: 24, day: 30 }[interval]]);
      expect(Date.parse(String(to))).toBeGreaterThan(Date.now());
      const sum = (name: 'dispatched' | 'Send' | 'Open' | 'human_open') =>
        data.reduce((all, one) => all + one[name], 0);
      expect([sum('dispatched'), sum('Send'), sum('Open'), sum('human_open')]).toEqual([5, 5, 2, 1]);
    },
  );

  it('refuse what they do not understand', async () => {
    const call = (path: string) => fetch(`${gateway.url}${path}`, { headers: { 'x-api-key': API_KEY } });
    for (const path of [
      '/v1/emails?limit=0',
      '/v1/emails?limit=201',
      '/v1/emails?cursor=bm90aGluZw',
      '/v1/emails?state=sent,failed',
      '/v1/emails?address=reader',
      '/v1/emails?topic=campaign',
      '/v1/emails?message_id=7',
      '/v1/topics?cursor=',
      '/v1/topics/campaign/timeline?interval=week',
      '/v1/topics/campaign/timeline?from=yesterday',
      '/v1/topics/campaign/timeline?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z',
      '/v1/topics/campaign/timeline?interval=minute&from=2030-01-01T00:00:00Z&to=2030-02-01T00:00:00Z',
    ]) {
      await expectProblem(await call(path), 400, 'validation_failed');
    }
  });
});
