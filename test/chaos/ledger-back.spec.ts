import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

/** With five messages more, 5,000 mails are sent in the time that the ledger forgets. */
const MESSAGES = ofFullRun(25);
const SIZE = 200;
/** Longer than a look and a dispatch take together. */
const QUIET_MS = 3_000;
const SAID = /npm run ledger -- accept --since ([-\d:.TZ]+)/;

/** A ledger that is copied, mails on, and is then as it was at the copy. */
class Past {
  private readonly accepted: string[] = [];
  private sender: Child | null = null;

  private constructor(
    readonly server: PostgresServer,
    readonly stack: Stack,
    readonly gateway: Gateway,
  ) {}

  static async setup(onTestFinished: TestContext['onTestFinished']): Promise<Past> {
    const server = await PostgresServer.create();
    onTestFinished(() => server.remove());
    await server.start();
    const stack = await Stack.start({ adminUrl: server.url, env: { BATCH_SIZE: '100' } });
    onTestFinished(() => stack.stop());
    return new Past(server, stack, await stack.gateway());
  }

  get mails(): number {
    return this.stack.sink.mails.length;
  }

  async accept(topicId: string, messages: number): Promise<void> {
    const { stack, gateway } = this;
    this.accepted.push(
      ...(await submit(stack, { topicId, messages, recipientsPerMessage: SIZE, gateway: () => gateway })),
    );
  }

  /** Accepts mail of which none shall be sent before the copy. */
  async acceptAndDispatch(topicId: string): Promise<void> {
    await this.accept(topicId, 1);
    await this.dispatched(topicId);
  }

  async control(topicId: string, action: 'pause' | 'resume'): Promise<void> {
    const url = `${this.gateway.url}/v1/topics/${topicId}/${action}`;
    const { ok, status } = await fetch(url, { method: 'POST', headers: { 'x-api-key': API_KEY } });
    if (!ok) throw new Error(`${action} of ${topicId}: ${status}`);
  }

  async startSender(): Promise<void> {
    this.sender = await this.stack.sender();
  }

  /** Mail that the ledger forgets while it is in the stream. Returns how much. */
  async forgetInTheStream(): Promise<number> {
    const { stack, gateway } = this;
    await this.sender!.stop();
    const topicId = 'forgotten-in-the-stream';
    await submit(stack, { topicId, messages: 1, recipientsPerMessage: SIZE, gateway: () => gateway });
    await this.dispatched(topicId);
    return SIZE;
  }

  private async dispatched(topicId: string): Promise<void> {
    const isDispatched = async () => (await this.stack.topic(this.gateway, topicId)).states.dispatched === SIZE;
    await eventually(isDispatched, 30_000, `the dispatch of ${topicId}`);
  }

  async copy(): Promise<void> {
    await this.server.kill();
    await this.server.copyData();
    await this.server.start();
  }

  async goBack(asStandby: boolean): Promise<void> {
    await this.server.kill();
    // The timeline alone tells of a standby: it is behind by less than a mark.
    if (asStandby) await (await this.stack.nats.jetstreamManager()).streams.delete(`${this.stack.name}-ledger`);
    await this.server.restoreData({ asStandby });
    await this.server.start();
  }

  async sendAll(): Promise<void> {
    await eventually(() => this.mails === this.accepted.length, 60_000, `${this.accepted.length} mails`);
    await eventually(async () => (await this.stack.countOf('sent')) === this.mails, 30_000, 'the state sent of all');
  }

  /** Since when something is missing, as gateway and sender say. */
  async hold(): Promise<string> {
    const processes = [this.gateway, this.sender!];
    const said = () => processes.every(({ output }) => SAID.test(output));
    await eventually(said, 60_000, 'the word of gateway and sender that the ledger went back');
    const [since, ...others] = processes.map(({ output }) => SAID.exec(output)![1]);
    expect(others).toEqual([since]);
    return since;
  }

  /** A submission while it holds: accepted, and not sent. */
  async expectHeld(topicId: string): Promise<void> {
    const before = this.mails;
    await this.accept(topicId, 1);
    await sleep(QUIET_MS);
    expect(this.mails).toBe(before);
    expect((await this.stack.topic(this.gateway, topicId)).states.pending).toBe(SIZE);
    const health = await (await fetch(`${this.gateway.url}/health`)).json();
    expect(health).toMatchObject({ status: 'degraded', details: { ledger: { status: 'degraded' } } });
  }

  async acceptLedger(since: string): Promise<void> {
    const { code, output } = await this.stack.run('dist/src/cli/ledger.js', {}, ['accept', '--since', since]);
    expect({ code, output }).toMatchObject({ code: 0 });
  }

  async expectEachOnce(under: string, uncertain: number): Promise<void> {
    await eventually(() => this.mails >= this.accepted.length, 60_000, `${this.accepted.length} mails`);
    await sleep(QUIET_MS);
    const delivered = compare(this.stack.sink.mails, this.accepted);
    expect(delivered).toEqual(eachOnce(this.accepted.length));
    expect(await this.stack.countOf('uncertain')).toBe(uncertain);
    expect(await this.stack.recount()).toBe('');
    reportPromise({
      promise: 'P43',
      under,
      promised: 'nothing sent before an operator accepts, then 0 twice',
      stream: null,
      provider: inWords(delivered),
      ledger: `${uncertain} uncertain`,
      recipients: this.accepted.length,
      kills: 2,
      seed: null,
    });
  }
}

describe.concurrent('a ledger that went back mails nobody twice', () => {
  it('restored from a copy', async ({ onTestFinished }) => {
    const past = await Past.setup(onTestFinished);
    const { stack } = past;
    await past.acceptAndDispatch('in-the-stream');
    // Pending in the copy: held by a pause, which ends in the time that is forgotten.
    await past.control('paused', 'pause');
    await past.accept('paused', 1);
    await past.copy();
    await past.startSender();
    await past.control('paused', 'resume');
    await past.accept('forgotten', MESSAGES);
    await past.sendAll();
    await past.goBack(false);
    const since = await past.hold();
    await past.expectHeld('meanwhile');
    // After it was noticed: nobody who has looked at it says that.
    const tooLate = await stack.run('dist/src/cli/ledger.js', {}, ['accept', '--since', new Date().toISOString()]);
    expect(tooLate.code).toBe(1);
    await past.acceptLedger(since);
    await past.expectEachOnce('the ledger restored from a copy', 2 * SIZE);
  });

  it('by a standby that had not all', async ({ onTestFinished }) => {
    const past = await Past.setup(onTestFinished);
    await past.acceptAndDispatch('in-the-stream');
    await past.copy();
    await past.startSender();
    await past.accept('forgotten', MESSAGES);
    await past.sendAll();
    const unknown = await past.forgetInTheStream();
    await past.goBack(true);
    await past.startSender();
    const since = await past.hold();
    await past.expectHeld('meanwhile');
    await past.acceptLedger(since);
    await past.expectEachOnce('an asynchronous standby promoted', SIZE);
    const kept = async () => (await past.stack.query('SELECT 1 FROM dead_letters')).length === unknown;
    await eventually(kept, 30_000, 'the messages that the ledger does not know among the dead letters');
  });
});
