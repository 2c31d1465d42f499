import { expect, it, onTestFinished } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { crashAt, diedAt } from '../support/crash-point.js';
import { eventually } from '../support/eventually.js';
import { endAckWaits, endDispatchLeases } from '../support/leases.js';
import { Stack } from '../support/stack.js';

const MAILS = 400;
/** Of some 33 mails. */
const MAX_BYTES = 200_000;
const CONTENT = `<p>${'x'.repeat(6_000)}</p>`;

/**
 * What shares an answer subject with a refused publish is not known to be stored, and goes back to be published again: all that
 * the stream holds then. Nobody could send it, and nothing else would find room.
 */
it('sends what is in a full stream and was never acknowledged, and then the rest', async () => {
  const stack = await Stack.start({ env: { NATS_MAX_BYTES: String(MAX_BYTES) } });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  const accepted = await submit(stack, {
    topicId: 'large',
    messages: 1,
    recipientsPerMessage: MAILS,
    content: CONTENT,
    gateway: () => gateway,
  });
  await eventually(() => gateway.output.includes('maximum bytes exceeded'), 10_000, 'a publish that is refused');
  const stored = async () => (await (await stack.nats.jetstreamManager()).streams.info(stack.name)).state.messages;
  await eventually(
    async () => (await stored()) > 0 && (await stack.countOf('dispatched')) === 0,
    5_000,
    'unsettled mail',
  );

  const dead = stack.spawnSender(crashAt('sender.lease'));
  await diedAt(dead, 'sender.lease');
  expect(await endDispatchLeases(stack, dead)).toBe(1);
  await endAckWaits(stack);
  const sender = await stack.sender();
  await eventually(async () => (await stack.countOf('sent')) === MAILS, 45_000, 'the state sent of all mails');
  expect(sender.output).toContain('though their publish was not acknowledged');
  expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(MAILS));
  expect(await stack.recount()).toBe('');
  const [batches] = await stack.query('SELECT max(attempts) AS attempts FROM batches');
  expect(batches, 'a full stream is no failed attempt').toEqual({ attempts: 0 });
});
