// @ts-check
import { expect, it } from 'vitest';
import { Interruption } from './interruption.mjs';

it('tells whoever asks only after it happened', async () => {
  const interruption = new Interruption();
  interruption.fail(new Error('early'));
  await interruption.stopped;
  expect(interruption.stop.reason).toEqual(new Error('early'));
});

it('tells the others to stop when one fails, and waits for them', async () => {
  const interruption = new Interruption();
  let cleanedUp = false;
  const other = interruption.stopped.then(() => (cleanedUp = true));
  await expect(interruption.together([other, Promise.reject(new Error('one'))])).rejects.toThrow('one');
  expect(cleanedUp).toBe(true);
});
