import type { Msg } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BrokenBuild, type Fault } from '../support/broken-build.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { crashAt } from '../support/crash-point.js';
import { eventually } from '../support/eventually.js';
import { endDispatchLeases } from '../support/leases.js';
import { type Gateway, Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

const TOTAL = 200;
const TOPIC = 'broken';

async function stackOf(...faults: Fault[]): Promise<Stack> {
  const build = new BrokenBuild(...faults);
  onTestFinished(() => build.remove());
  const stack = await Stack.start({ build: build.folder });
  onTestFinished(() => stack.stop());
  return stack;
}

function submitTo(gateway: Gateway, stack: Stack, messages: number): Promise<string[]> {
  return submit(stack, {
    topicId: TOPIC,
    messages,
    recipientsPerMessage: TOTAL / messages,
    gateway: () => gateway,
  });
}

const sent = (stack: Stack, count: number) =>
  eventually(async () => (await stack.countOf('sent')) === count, 30_000, `the state sent of ${count} mails`);

/**
 * What the other tests here count is worth what it would find. So each fault that they exclude is built in, and has to
 * be found: by comparing what was accepted with what came, by looking at the stream, or by the recount.
 */
describe('a build that is broken on purpose', () => {
  it('is found by what is lost, where the answer does not wait for the COMMIT', async () => {
    const stack = await stackOf({
      file: 'src/messages/messages.repository.js',
      sound: 'return this.messages.manager.transaction(work);',
      broken: `return new Promise((resolve, reject) => {
      this.messages.manager.transaction(async (transaction) => {
        resolve(await work(transaction));
        await new Promise((wake) => setTimeout(wake, 500));
      }).catch(reject);
    });`,
    });
    const first = await stack.gateway();
    const accepted = await submitTo(first, stack, 4);
    await first.kill();
    await stack.gateway();
    await stack.sender();
    const [{ stored }] = await stack.query('SELECT count(*)::int AS stored FROM emails');
    await sent(stack, stored);
    const { missing, ...others } = compare(stack.sink.mails, accepted);
    expect(missing.length).toBeGreaterThan(0);
    expect(others).toMatchObject({ mails: TOTAL - missing.length, duplicates: 0, unexpected: [] });
  });

  /** At a crash point the process stands still, and does not die. */
  const STANDS_STILL: Fault = {
    file: 'src/runtime/crash-point.js',
    sound: `process.kill(process.pid, 'SIGKILL')`,
    broken: `process.kill(process.pid, 'SIGSTOP')`,
  };

  /** A dispatcher stands still with a load that another takes over and settles; then it publishes and settles that as well. */
  async function overtaken(stack: Stack): Promise<{ accepted: string[]; observer: StreamObserver }> {
    const first = await stack.gateway(crashAt('dispatcher.load'));
    const observer = await new StreamObserver(stack.nats, stack.name).ready();
    const accepted = await submitTo(first, stack, 1);
    await eventually(() => first.output.includes('crash point dispatcher.load'), 10_000, 'the load');
    expect(await endDispatchLeases(stack, first)).toBe(1);
    await stack.gateway();
    const dispatched = async () => (await stack.countOf('dispatched')) === TOTAL;
    await eventually(dispatched, 20_000, 'the dispatch by another');
    first.signal('SIGCONT');
    await eventually(() => observer.published === 2 * TOTAL, 20_000, 'the late publishes');
    return { accepted, observer };
  }

  it('is found by the recount, where a settle does not ask whose the batch is', async () => {
    const stack = await stackOf(STANDS_STILL, {
      file: 'src/messages/batches.sql.js',
      sound:
        'AND leased.epoch = b.epoch\n  WHERE b.id = ANY ($1::uuid[]) AND b.state = ${CODE.pending} AND b.lease_owner IS NOT NULL',
      broken: '\n  WHERE b.id = ANY ($1::uuid[])',
    });
    const { observer } = await overtaken(stack);
    const settled = () => stack.query('SELECT FROM topic_counters WHERE pending < 0');
    await eventually(async () => (await settled()).length > 0, 20_000, 'the late settle');
    expect(await stack.recount()).toContain(`topic "${TOPIC}": pending is -${TOTAL}, counted 0`);
    // Its publishes bear the ids of their emails, and do no harm.
    expect(await observer.stored()).toBe(TOTAL);
  });

  it('is found at the stream, where an email has another id with each dispatcher', async () => {
    const stack = await stackOf(STANDS_STILL, {
      file: 'src/contracts/payload.js',
      sound: 'return `${emailId}:${generation}`;',
      broken: 'return `${emailId}:${process.pid}`;',
    });
    const { accepted, observer } = await overtaken(stack);
    await eventually(async () => (await observer.stored()) === 2 * TOTAL, 10_000, 'each message a second time');
    await stack.sender();
    await sent(stack, TOTAL);
    // The provider alone shows nothing: the sender's claim hides it.
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
  });

  it('is found at the provider, where a sender sends what the ledger says is done', async () => {
    const stack = await stackOf({
      file: 'src/sender/sender.service.js',
      sound: `email.verdict === 'send' && isTrusted`,
      broken: `(email.verdict === 'send' || email.verdict === 'done') && isTrusted`,
    });
    const gateway = await stack.gateway();
    const messages: Msg[] = [];
    const subject = `${stack.name}.email`;
    stack.nats.subscribe(subject, { callback: (_error, message) => messages.push(message) });
    await stack.sender();
    const accepted = await submitTo(gateway, stack, 1);
    await sent(stack, TOTAL);
    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
    // As a stream delivers again what it was told is done.
    for (const { data, headers } of messages.splice(0)) {
      headers!.set('Nats-Msg-Id', `${headers!.get('Nats-Msg-Id')}:again`);
      stack.nats.publish(subject, data, { headers });
    }
    await eventually(() => stack.sink.mails.length >= 2 * TOTAL, 20_000, 'each mail a second time');
    expect(compare(stack.sink.mails, accepted)).toMatchObject({ duplicates: TOTAL, recipientsTwice: TOTAL });
  });
});
