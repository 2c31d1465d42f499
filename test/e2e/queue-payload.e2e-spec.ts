import { decode } from '@msgpack/msgpack';
import { AckPolicy, type JetStreamManager, RetentionPolicy } from 'nats';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const EXAMPLE = parseEnv(readFileSync('.env.example', 'utf8')) as Record<string, string>;
const HTML = '<html><body><h1>Grüße 🎉</h1></body></html>';

interface Received {
  bytes: Uint8Array;
  header: (name: string) => string;
}

interface Health {
  status: string;
  details: { jetstream: { status: string; reason?: string } };
}

describe('the queue, as the sender of somebody else sees it', () => {
  let stack: Stack;
  let manager: JetStreamManager;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start();
    manager = await stack.nats.jetstreamManager();
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  /**
   * A gateway with `.env.example` as it is, but for what two systems on one machine cannot share. It takes the place of
   * the one before: both would dispatch whatever is due.
   */
  async function start(env: Record<string, string> = {}): Promise<void> {
    await Promise.all(stack.children.map((child) => child.stop()));
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const { DATABASE_URL, NATS_URL, NATS_STREAM, NATS_SUBJECT } = stack.env;
    const own = { DATABASE_URL, NATS_URL, NATS_STREAM, NATS_SUBJECT, API_KEY, SERVER_PORT: port, SERVER_HOST: url };
    const child = stack.spawn('dist/src/main.js', { ...EXAMPLE, ...own, METRICS_PORT: '0', ...env });
    gateway = Object.assign(child, { url });
    await gateway.answers(`${url}/health/ready`);
  }

  async function submit(topicId: string): Promise<{ id: string; emailId: string }> {
    const message = { topic_id: topicId, emails: ['you@example.com'], subject: 'Grüße 🎉', content: HTML };
    const response = await stack.post(gateway, { messages: [message] });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { id: string; email_ids: string[] }[] };
    return { id: messages[0].id, emailId: messages[0].email_ids[0] };
  }

  /** What a pull consumer that knows nothing of this project gets first. */
  async function receive(): Promise<Received> {
    const durable = 'somebody-elses-sender';
    await manager.consumers.add(stack.name, { durable_name: durable, ack_policy: AckPolicy.Explicit });
    const consumer = await stack.nats.jetstream().consumers.get(stack.name, durable);
    const message = await consumer.next({ expires: 5_000 });
    if (!message) throw new Error('nothing came within 5 s');
    await message.ackAck();
    await manager.consumers.delete(stack.name, durable);
    return { bytes: message.data, header: (name) => message.headers?.get(name) ?? '' };
  }

  function expectedPayload(topicId: string, { id, emailId }: { id: string; emailId: string }) {
    const pixel = `<img src="${gateway.url}/v1/events/open?requestId=${emailId}" width="1" height="1" alt="" style="display:none">`;
    return {
      uuid: emailId,
      email: 'you@example.com',
      subject: 'Grüße 🎉',
      body: HTML.replace('</body>', `${pixel}</body>`),
      text: 'Grüße 🎉',
      topic_id: topicId,
      message_id: id,
    };
  }

  describe('with the settings of .env.example', () => {
    beforeAll(() => start());

    it('is a work queue on disk that drops nothing', async () => {
      const { config } = await eventually(
        () => manager.streams.info(stack.name).catch(() => null),
        5_000,
        'the creation of the stream',
      );
      expect(config).toMatchObject({
        subjects: [`${stack.name}.email`],
        retention: 'workqueue',
        storage: 'file',
        discard: 'new',
        max_bytes: 1_073_741_824,
        max_age: 0,
        max_msgs: -1,
        max_msgs_per_subject: -1,
      });
    });

    it('carries a MessagePack map of its fields', async () => {
      const sent = await submit('msgpack');
      const { bytes, header } = await receive();
      // The high nibble of a fixmap: a sender that reads by position would take an array for something else.
      expect(bytes[0] & 0xf0).toBe(0x80);
      expect(decode(bytes)).toEqual(expectedPayload('msgpack', sent));
      expect(header('Content-Type')).toBe('application/vnd.msgpack');
      expect(header('Payload-Version')).toBe('1');
      expect(header('Nats-Msg-Id')).toContain(sent.emailId);
    });
  });

  describe('with NATS_PAYLOAD_FORMAT=json, and a stream of the old service in the way', () => {
    beforeAll(async () => {
      await manager.streams.delete(stack.name);
      const subjects = [`${stack.name}.email`];
      await manager.streams.add({ name: stack.name, subjects, retention: RetentionPolicy.Limits });
      await start({ NATS_PAYLOAD_FORMAT: 'json' });
    });

    it('leaves that stream alone, says how to be rid of it, and needs no restart after that', async () => {
      const health = await eventually(
        async () => {
          const found = await stack.get<Health>(gateway, '/health');
          return found.details.jetstream.reason?.includes('retention') && found;
        },
        5_000,
        'a word about the stream',
      );
      expect(health.status).toBe('degraded');
      expect(health.details.jetstream.reason).toContain(`nats stream rm ${stack.name}`);
      await eventually(() => gateway.output.includes(`nats stream rm ${stack.name}`), 2_000, 'the same in the log');

      const sent = await submit('foreign');
      expect((await stack.topic(gateway, 'foreign')).states).toMatchObject({ pending: 1, dispatched: 0 });
      expect((await manager.streams.info(stack.name)).state.last_seq).toBe(0);

      await manager.streams.delete(stack.name);
      await eventually(
        async () => (await stack.topic(gateway, 'foreign')).states.dispatched === 1,
        10_000,
        'the dispatch after the removal',
      );
      const { bytes } = await receive();
      expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(expectedPayload('foreign', sent));
      expect((await stack.get<Health>(gateway, '/health')).status).toBe('ok');
    });

    it('carries JSON', async () => {
      const sent = await submit('json');
      const { bytes, header } = await receive();
      expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(expectedPayload('json', sent));
      expect(header('Content-Type')).toBe('application/json');
      expect(header('Payload-Version')).toBe('1');
      expect(header('Nats-Msg-Id')).toContain(sent.emailId);
    });
  });
});
