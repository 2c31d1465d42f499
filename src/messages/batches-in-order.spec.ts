import { expect, it } from 'vitest';
import { BatchesInOrder } from './batches-in-order.js';

const idOf = (range: string, index: string) => `01900000-0000-7000-8000-00000000${range}${index}`;
const email = (id: string, batch_id: string | null = null) => ({ id, batch_id });

it('finds the batch that an email names, and else the greatest at or below it within its range', () => {
  const ranged = [idOf('a', '000'), idOf('a', '010'), idOf('c', '000')].map((id) => ({ id }));
  const named = { id: idOf('9', '123') };
  const batches = new BatchesInOrder(ranged, [named]);
  const found = [
    email(idOf('9', 'fff')),
    email(idOf('a', '000')),
    email(idOf('a', '00f')),
    email(idOf('a', '010'), named.id),
    email(idOf('a', '010')),
    email(idOf('b', '000')),
    email(idOf('c', '001')),
  ].map((one) => batches.of(one)?.id);
  const [a, b, c] = ranged.map(({ id }) => id);
  expect(found).toEqual([undefined, a, a, named.id, b, undefined, c]);
});
