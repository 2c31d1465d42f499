import { expect, it } from 'vitest';
import { allocateRange, formatId, idAt, idsFrom, RANGE_SIZE, rangesOf } from './ids.js';

it('writes the ids that follow from one of a range', () => {
  const first = allocateRange();
  const from = formatId(idAt(first, 14));
  expect(idsFrom(from, 3)).toEqual([14, 15, 16].map((index) => formatId(idAt(first, index))));
  expect(idsFrom(formatId(first), RANGE_SIZE).at(-1)).toBe(formatId(idAt(first, RANGE_SIZE - 1)));
  expect(idsFrom(from, 0)).toEqual([]);
});

it('leaves no range', () => {
  const last = formatId(idAt(allocateRange(), RANGE_SIZE - 1));
  expect(idsFrom(last, 1)).toEqual([last]);
  expect(() => idsFrom(last, 2)).toThrow(RangeError);
});

it('names each range of some ids once', () => {
  const [one, other] = [allocateRange(1_000), allocateRange(2_000)];
  const ids = [idAt(one, 0), idAt(one, RANGE_SIZE - 1), idAt(other, 7)].map(formatId);
  const ranges = [one, other];
  expect(rangesOf(ids)).toEqual({
    firsts: ranges.map(formatId),
    lasts: ranges.map((first) => formatId(idAt(first, RANGE_SIZE - 1))),
  });
});
