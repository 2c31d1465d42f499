import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { type Gateway, Stack } from '../support/stack.js';

const MESSAGES = ofFullRun(25);
const SIZE = 200;
const REPAIR_MS = 120_000;

/** What JetStream loses is dispatched as far as the ledger knows, and nobody else will ever ask for it. */
describe('mail that JetStream has lost is sent once', () => {
  let server: NatsServer;
  let stack: Stack;
  let gateway: Gateway;
  let accepted: string[];

  beforeEach(async () => {
    server = await NatsServer.create();
    await server.start();
    stack = await Stack.start({ natsUrl: server.url });
    gateway = await stack.gateway();
    accepted = [];
  });

  afterEach(async () => {
    await stack.stop();
    await server.remove();
  });

  async function submitAndDispatch(topicId: string, messages = MESSAGES): Promise<void> {
    accepted.push(...(await submit(stack, { topicId, messages, recipientsPerMessage: SIZE, gateway: () => gateway })));
    await eventually(
      async () => (await stack.topic(gateway, topicId)).states.dispatched === messages * SIZE,
      30_000,
      `the dispatch of ${topicId}`,
    );
  }

  async function expectEachOnce(promise: string, under: string, kills: number): Promise<void> {
    await eventually(() => stack.sink.mails.length >= accepted.length, REPAIR_MS, `${accepted.length} mails`);
    const sent = async () => {
      const [{ count }] = await stack.query<{ count: number }>('SELECT sum(sent)::int AS count FROM topic_counters');
      return count;
    };
    await eventually(async () => (await sent()) === accepted.length, 30_000, 'the state sent of all mails');
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(accepted.length));
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise,
      under,
      promised: '0 lost, 0 twice',
      stream: null,
      provider: inWords(compare(stack.sink.mails, accepted)),
      recipients: accepted.length,
      kills,
      seed: null,
    });
  }

  it('when its store was deleted', async () => {
    await submitAndDispatch('deleted');
    await server.kill();
    await server.deleteStore();
    await server.start();
    const restartedMs = Date.now();
    await stack.sender();
    await expectEachOnce('P5', 'the NATS store deleted, all mail in it', 1);
    console.info(
      `${accepted.length} mails lost with the store: all sent ${Date.now() - restartedMs} ms after the restart`,
    );
  }, 180_000);

  it('when its store was deleted while mail comes and goes', async () => {
    await stack.sender();
    const submitting = submit(stack, {
      topicId: 'going',
      messages: 4 * MESSAGES,
      recipientsPerMessage: SIZE,
      gateway: () => gateway,
    });
    await eventually(() => stack.sink.mails.length > 0, 30_000, 'the first mails');
    await server.kill();
    await server.deleteStore();
    await server.start();
    accepted.push(...(await submitting));
    await expectEachOnce('P5', 'the NATS store deleted while mail comes and goes', 1);
  }, 180_000);

  it('when it went back to an older store', async () => {
    await submitAndDispatch('before');
    await server.stop();
    await server.copyStore();
    await server.start();
    await submitAndDispatch('lost');
    await server.kill();
    await server.restoreStore();
    await server.start();
    // What is new has numbers that what was lost had.
    await submitAndDispatch('after', 2 * MESSAGES);
    await stack.sender();
    await expectEachOnce('P6', 'the NATS store rolled back to an older copy', 1);
  }, 180_000);

  it('when the stream was purged', async () => {
    await submitAndDispatch('purged');
    const manager = await stack.nats.jetstreamManager();
    const { purged } = await manager.streams.purge(stack.name);
    expect(purged).toBe(accepted.length);
    await stack.sender();
    await expectEachOnce('P5', 'the stream purged, all mail in it', 0);
  }, 180_000);

  it('but not what an external sender may have taken: that is said', async () => {
    await gateway.stop();
    gateway = await stack.gateway({ EXTERNAL_SENDER: 'true' });
    await submitAndDispatch('external');
    // Only a stream that was known before can have gone back.
    const known = async () => (await stack.query('SELECT 1 FROM stream_state')).length > 0;
    await eventually(known, 30_000, 'the first look at the stream');
    await server.kill();
    await server.deleteStore();
    await server.start();
    await eventually(
      () => gateway.output.includes('what the external sender had not taken may be lost'),
      30_000,
      'the alarm',
    );
    expect((await stack.topic(gateway, 'external')).states.dispatched).toBe(accepted.length);
  }, 180_000);
});
