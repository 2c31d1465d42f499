import { AckPolicy } from 'nats';
import { describe, expect, it, type TestContext } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { type Gateway, Stack } from '../support/stack.js';

const MESSAGES = ofFullRun(25);
const SIZE = 200;
const REPAIR_MS = 300_000;

/** A ledger and a NATS server of a test's own, and what was accepted. */
class Loss {
  readonly accepted: string[] = [];

  private constructor(
    readonly server: NatsServer,
    readonly stack: Stack,
    readonly gateway: Gateway,
  ) {}

  static async setup(onTestFinished: TestContext['onTestFinished'], env: Record<string, string> = {}): Promise<Loss> {
    const server = await NatsServer.create();
    onTestFinished(() => server.remove());
    await server.start();
    const stack = await Stack.start({ natsUrl: server.url, env });
    onTestFinished(() => stack.stop());
    return new Loss(server, stack, await stack.gateway());
  }

  async accept(topicId: string, messages = MESSAGES): Promise<void> {
    const { stack, gateway } = this;
    this.accepted.push(
      ...(await submit(stack, { topicId, messages, recipientsPerMessage: SIZE, gateway: () => gateway })),
    );
  }

  async acceptAndDispatch(topicId: string, messages = MESSAGES): Promise<void> {
    await this.accept(topicId, messages);
    await eventually(
      async () => (await this.stack.topic(this.gateway, topicId)).states.dispatched === messages * SIZE,
      120_000,
      `the dispatch of ${topicId}`,
    );
  }

  async expectEachOnce(promise: string, under: string, kills: number): Promise<void> {
    const { stack, accepted } = this;
    await eventually(() => stack.sink.mails.length >= accepted.length, REPAIR_MS, `${accepted.length} mails`);
    await eventually(
      async () => (await stack.countOf('sent')) === accepted.length,
      30_000,
      'the state sent of all mails',
    );
    const delivered = compare(stack.sink.mails, accepted);
    expect(delivered).toEqual(eachOnce(accepted.length));
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise,
      under,
      promised: '0 lost, 0 twice',
      stream: null,
      provider: inWords(delivered),
      recipients: accepted.length,
      kills,
      seed: null,
    });
  }
}

/**
 * What JetStream loses is dispatched as far as the ledger knows, and nobody else will ever ask for it. Together: most of it
 * waits for the next look at the stream.
 */
describe.concurrent('mail that JetStream has lost is sent once', { timeout: 600_000 }, () => {
  it('when its store was deleted', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished);
    await loss.acceptAndDispatch('deleted');
    await loss.server.kill();
    await loss.server.deleteStore();
    await loss.server.start();
    await loss.stack.sender();
    await loss.expectEachOnce('P5', 'the NATS store deleted, all mail in it', 1);
  });

  it('when its store was deleted while mail comes and goes', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished);
    await loss.stack.sender();
    const accepting = loss.accept('going', 4 * MESSAGES);
    await eventually(() => loss.stack.sink.mails.length > 0, 30_000, 'the first mails');
    await loss.server.kill();
    await loss.server.deleteStore();
    await loss.server.start();
    await accepting;
    await loss.expectEachOnce('P5', 'the NATS store deleted while mail comes and goes', 1);
  });

  it('when it went back to an older store', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished);
    await loss.acceptAndDispatch('before');
    await loss.server.stop();
    await loss.server.copyStore();
    await loss.server.start();
    await loss.acceptAndDispatch('lost');
    await loss.server.kill();
    await loss.server.restoreStore();
    await loss.server.start();
    // What is new has numbers that what was lost had.
    await loss.acceptAndDispatch('after', 2 * MESSAGES);
    await loss.stack.sender();
    await loss.expectEachOnce('P6', 'the NATS store rolled back to an older copy', 1);
  });

  it('when the stream was purged', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished);
    await loss.acceptAndDispatch('purged');
    const manager = await loss.stack.nats.jetstreamManager();
    const { purged } = await manager.streams.purge(loss.stack.name);
    expect(purged).toBe(loss.accepted.length);
    await loss.stack.sender();
    await loss.expectEachOnce('P5', 'the stream purged, all mail in it', 0);
  });

  it('but not what somebody else may have taken, who is not said to be there', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished);
    const { stack, gateway, accepted } = loss;
    await loss.acceptAndDispatch('foreign');
    const { consumers, streams } = await stack.nats.jetstreamManager();
    await consumers.add(stack.name, { durable_name: 'somebody', ack_policy: AckPolicy.Explicit });
    await streams.purge(stack.name);
    const known = async () => (await stack.query('SELECT 1 FROM stream_state')).length > 0;
    await eventually(known, 30_000, 'the first look at the stream');
    for (let look = 0; look < 2; look++) {
      // To the next look the stream is another.
      await stack.query(`UPDATE stream_state SET created_at = 'epoch'`);
      const looked = async () =>
        (await stack.query(`SELECT 1 FROM stream_state WHERE created_at <> 'epoch' AND suspected_until > now()`))
          .length > 0;
      await eventually(looked, 30_000, 'a look that finds a setback');
    }
    expect((await stack.topic(gateway, 'foreign')).states.dispatched).toBe(accepted.length);
  });

  it('but not what an external sender may have taken: that is said', async ({ onTestFinished }) => {
    const loss = await Loss.setup(onTestFinished, { EXTERNAL_SENDER: 'true' });
    const { server, stack, gateway, accepted } = loss;
    await loss.acceptAndDispatch('external');
    // Only a stream that was known before can have gone back.
    const known = async () => (await stack.query('SELECT 1 FROM stream_state')).length > 0;
    await eventually(known, 30_000, 'the first look at the stream');
    await server.kill();
    await server.deleteStore();
    await server.start();
    const isSaid = () => gateway.output.includes('what the external sender had not taken may be lost');
    await eventually(isSaid, 30_000, 'the alarm');
    expect((await stack.topic(gateway, 'external')).states.dispatched).toBe(accepted.length);
  });
});
