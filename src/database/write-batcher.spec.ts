import { describe, expect, it } from 'vitest';
import { QueueFullError, WriteBatcher, type WriteBatcherOptions } from './write-batcher.js';

/** A writer whose flushes end when the test says so. */
function setup(options: WriteBatcherOptions = { maxItems: 100, maxQueued: 100 }) {
  const flushes: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const batcher = new WriteBatcher<number, string>(
    (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(items.map((item) => `done ${item}`)));
        flushes.push({ items, end });
      }),
    options,
  );
  /** Longer than a flush collects. */
  const turn = async () => {
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { batcher, flushes, turn };
}

describe('WriteBatcher', () => {
  it('collects what arrives while a flush runs into the next one', async () => {
    const { batcher, flushes, turn } = setup();
    const first = batcher.write(1);
    await turn();
    const others = [batcher.write(2), batcher.write(3)];
    expect(flushes.map(({ items }) => items)).toEqual([[1]]);
    flushes[0].end();
    expect(await first).toBe('done 1');
    await turn();
    expect(flushes[1].items).toEqual([2, 3]);
    flushes[1].end();
    expect(await Promise.all(others)).toEqual(['done 2', 'done 3']);
  });

  it('tries the members of a failed flush one by one, so that only the faulty one fails', async () => {
    const { batcher, flushes, turn } = setup();
    const writes = Promise.allSettled([batcher.write(1), batcher.write(2), batcher.write(3)]);
    for (const fault of [new Error('together'), undefined, new Error('two is bad'), undefined]) {
      await turn();
      flushes.at(-1)!.end(fault);
    }
    expect((await writes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  it('keeps a flush within its size', async () => {
    const { batcher, flushes, turn } = setup({ maxItems: 2, maxQueued: 100 });
    const writes = Promise.all([1, 2, 3].map((item) => batcher.write(item)));
    await turn();
    flushes[0].end();
    await turn();
    flushes[1].end();
    await writes;
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2], [3]]);
  });

  it('waits for nothing more once a flush is full', async () => {
    const { batcher, flushes, turn } = setup({ maxItems: 2, maxQueued: 100 });
    const writes = Promise.all([1, 2, 3, 4].map((item) => batcher.write(item)));
    await turn();
    flushes[0].end();
    // No turn of the event loop.
    for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve();
    expect(flushes.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    flushes[1].end();
    await writes;
  });

  it('keeps a flush within its weight, unless a single item has more', async () => {
    const { batcher, flushes, turn } = setup({ maxItems: 100, maxWeight: 10, maxQueued: 100 });
    const writes = Promise.all([4, 6, 1, 20, 3].map((weight, index) => batcher.write(index, weight)));
    for (let flush = 0; flush < 4; flush++) {
      await turn();
      flushes[flush].end();
    }
    await writes;
    expect(flushes.map(({ items }) => items)).toEqual([[0, 1], [2], [3], [4]]);
  });

  it('flushes in as many lanes as it may, and never an item twice', async () => {
    const { batcher, flushes, turn } = setup({ maxItems: 100, maxQueued: 100, lanes: 2 });
    const writes = [];
    for (const item of [1, 2, 3, 4]) {
      writes.push(batcher.write(item));
      await turn();
    }
    expect(flushes.map(({ items }) => items)).toEqual([[1], [2]]);
    flushes[1].end();
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([[1], [2], [3, 4]]);
    flushes[0].end();
    flushes[2].end();
    expect(await Promise.all(writes)).toEqual(['done 1', 'done 2', 'done 3', 'done 4']);
    await batcher.drain();
    void batcher.write(5);
    await turn();
    expect(flushes.at(-1)!.items).toEqual([5]);
  });

  it('refuses more than may wait', async () => {
    const { batcher, flushes, turn } = setup({ maxItems: 1, maxQueued: 1 });
    const first = batcher.write(1);
    await turn();
    const second = batcher.write(2);
    await expect(batcher.write(3)).rejects.toThrow(QueueFullError);
    flushes[0].end();
    await first;
    await turn();
    flushes[1].end();
    expect(await second).toBe('done 2');
  });

  it('drains what was written before', async () => {
    const { batcher, flushes, turn } = setup();
    void batcher.write(1);
    await turn();
    const drained = batcher.drain();
    flushes[0].end();
    await drained;
    await expect(batcher.drain()).resolves.toBeUndefined();
  });
});
