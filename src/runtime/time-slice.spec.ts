import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TimeSlice } from './time-slice.js';

const LENGTH_MS = 10;

/** A slice whose clock moves by what each step takes. */
function setup() {
  let nowMs = 1_000;
  const slice = new TimeSlice(LENGTH_MS, () => nowMs);
  const steps: string[] = [];
  const work = async (name: string, count: number, takesMs: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      while (slice.isOver) await slice.wait();
      nowMs += takesMs;
      steps.push(name);
    }
  };
  return { slice, steps, work };
}

it('lets the event loop turn before more than a slice of work is done', async () => {
  const { steps, work } = setup();
  const done = work('step', 10, 4);
  await setImmediate();
  expect(steps).toHaveLength(3);
  await setImmediate();
  expect(steps).toHaveLength(6);
  await done;
  expect(steps).toHaveLength(10);
});

it('is one for all who share it, and lets none of them starve', async () => {
  const { steps, work } = setup();
  const done = Promise.all([work('a', 4, 10), work('b', 4, 10)]);
  await setImmediate();
  expect(steps).toHaveLength(1);
  await done;
  expect(steps.filter((name) => name === 'a')).toHaveLength(4);
  expect(steps.filter((name) => name === 'b')).toHaveLength(4);
});

it('takes a step of any length', async () => {
  const { steps, work } = setup();
  await work('long', 2, 1_000);
  expect(steps).toEqual(['long', 'long']);
});
