import { expect, it, vi } from 'vitest';
import type { EmailsRepository, Outcome } from '../messages/emails.repository.js';
import { OutcomeRecorder } from './outcome-recorder.js';

/** A ledger that takes nothing together with what it cannot take. */
function setup() {
  const record = vi.fn(async (outcomes: readonly Outcome[], _ended: readonly string[]) => {
    if (outcomes.some(({ id }) => id === 'bad')) throw new Error('cannot be stored');
    return new Set(outcomes.map(({ id }) => id));
  });
  const nudge = vi.fn();
  const recorder = new OutcomeRecorder({ record } as unknown as EmailsRepository, { nudge });
  return { record, nudge, recorder };
}

function outcome(id: string, state: 'sent' | 'pending' = 'sent'): Outcome {
  const identity = { id, attempt: 1, batchId: 'b', topicId: '' };
  if (state === 'sent') return { ...identity, result: { state, providerMessageId: id } };
  return { ...identity, result: { state, reason: 'later', delayMs: 0, isAttempt: true } };
}

it('writes groups that come together in one transaction, with the claims that end', async () => {
  const { record, recorder } = setup();
  const groups = [recorder.record([outcome('a'), outcome('b')], ['x']), recorder.record([outcome('c')], ['y'])];
  expect(await Promise.all(groups)).toEqual([true, true]);
  expect(record.mock.calls.map(([outcomes, ended]) => [outcomes.map(({ id }) => id), ended])).toEqual([
    [
      ['a', 'b', 'c'],
      ['x', 'y'],
    ],
  ]);
});

it('says that a group failed, and no other group with it', async () => {
  const { recorder } = setup();
  const groups = [recorder.record([outcome('bad'), outcome('a')], []), recorder.record([outcome('b')], [])];
  expect(await Promise.all(groups)).toEqual([false, true]);
});

it('nudges the dispatchers for what is to be sent again', async () => {
  const { nudge, recorder } = setup();
  await recorder.record([outcome('a')], []);
  expect(nudge).not.toHaveBeenCalled();
  await recorder.record([outcome('b', 'pending')], []);
  expect(nudge).toHaveBeenCalledOnce();
});
