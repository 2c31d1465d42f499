import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { API_KEY, type Gateway, recipients, Stack, type TopicPage } from '../support/stack.js';

const MESSAGES = 100;
const RECIPIENTS = 1_000;
const TOPIC = 'everybody';
const OTHER_TOPIC = 'somebody';
const LONGEST_WAIT_MS = 500;
/** Between the requests of one bystander. */
const PACE_MS = 50;

interface Bystander {
  name: string;
  count: number;
  longestMs: number;
}

describe('the largest submission', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    // Above all of it: no sender empties the stream, and the dispatcher waits at the mark.
    stack = await Stack.start({ env: { QUEUE_HIGH_WATER: '1000000' } });
    gateway = await stack.gateway();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  async function readTopic(topicId = TOPIC): Promise<TopicPage> {
    const page = await stack.topic(gateway, topicId);
    const sum = Object.values(page.states).reduce((total, count) => total + count, 0);
    const { total, created, processing, sent, failed, stopped } = page.request;
    expect(sum, JSON.stringify(page)).toBe(total);
    expect(created + processing + sent + failed + stopped, JSON.stringify(page)).toBe(total);
    return page;
  }

  it(`of ${MESSAGES} × ${RECIPIENTS} recipients is stored and dispatched while nobody else waits`, async () => {
    const messages = Array.from({ length: MESSAGES }, (_, i) => ({
      topic_id: TOPIC,
      emails: recipients(RECIPIENTS, `recipient-${i}-`),
      subject: 'Welcome!',
      content: '<h1>Hello World</h1>',
    }));
    const small = { topic_id: OTHER_TOPIC, emails: ['bystander@example.com'], subject: 'Small', content: '<p>x</p>' };
    const body = JSON.stringify({ messages });
    const headers = { 'x-api-key': API_KEY };

    let isOver = false;
    let dispatched = 0;
    const bystander = async (name: string, request: () => Promise<void>): Promise<Bystander> => {
      const seen = { name, count: 0, longestMs: 0 };
      while (!isOver) {
        const startedMs = performance.now();
        await request();
        seen.longestMs = Math.max(seen.longestMs, performance.now() - startedMs);
        seen.count += 1;
        await sleep(PACE_MS);
      }
      return seen;
    };
    const status = (path: string) => async () => {
      const response = await fetch(gateway.url + path, { headers });
      await response.arrayBuffer();
      expect(response.status).toBe(200);
    };
    // Connections and compiled code as a running service has them.
    await Promise.all([status('/health/ready')(), readTopic(), stack.post(gateway, { messages: [small] })]);
    const bystanders = [
      bystander('GET /health/ready', status('/health/ready')),
      bystander('GET /v1/topics/{topic_id}', async () => {
        dispatched = (await readTopic()).states.dispatched;
      }),
      bystander('POST /v1/messages', async () => {
        const response = await stack.post(gateway, { messages: [small] });
        expect(response.status, await response.text()).toBe(200);
      }),
    ];

    let storedMs = 0;
    let dispatchedMs = 0;
    const submit = async (): Promise<void> => {
      try {
        const startedMs = performance.now();
        const response = await stack.post(gateway, body);
        expect(response.status).toBe(200);
        const answer = (await response.json()) as { count: number; messages: { email_ids?: string[] }[] };
        storedMs = performance.now() - startedMs;
        expect(answer.count).toBe(MESSAGES * RECIPIENTS);
        expect(answer.messages).toHaveLength(MESSAGES);
        expect(answer.messages[0].email_ids).toBeUndefined();

        while (dispatched < MESSAGES * RECIPIENTS) await sleep(PACE_MS);
        dispatchedMs = performance.now() - startedMs;
      } finally {
        isOver = true;
      }
    };
    const [, ...seen] = await Promise.all([submit(), ...bystanders]);

    const rows = seen.map(
      ({ name, count, longestMs }) => `  ${name}: ${count} times, longest wait ${longestMs.toFixed(0)} ms\n`,
    );
    process.stdout.write(
      `${MESSAGES} × ${RECIPIENTS} recipients: stored in ${storedMs.toFixed(0)} ms, dispatched after ${dispatchedMs.toFixed(0)} ms\n${rows.join('')}`,
    );
    for (const { name, longestMs } of seen) expect(longestMs, name).toBeLessThan(LONGEST_WAIT_MS);
    const other = await eventually(
      async () => {
        const { request } = await readTopic(OTHER_TOPIC);
        return request.created === 0 && request;
      },
      5_000,
      'the dispatch of the rest',
    );
    const { request } = await readTopic();
    expect(request).toMatchObject({ total: MESSAGES * RECIPIENTS, sent: MESSAGES * RECIPIENTS });
    const manager = await stack.nats.jetstreamManager();
    expect((await manager.streams.info(stack.name)).state.messages).toBe(request.total + other.total);
  });
});
