import { describe, expect, it } from 'vitest';
import { SuppressionsImport } from './suppressions-import.js';
import type { NewSuppression, SuppressionsRepository } from './suppressions.repository.js';

function setup() {
  const list = new Map<string, NewSuppression>();
  const statements: number[] = [];
  const suppress = (entries: readonly NewSuppression[]) => {
    const before = list.size;
    for (const entry of entries) {
      const key = `${entry.address} ${entry.topicId}`;
      if (!list.has(key)) list.set(key, entry);
    }
    statements.push(entries.length);
    return Promise.resolve(list.size - before);
  };
  const service = new SuppressionsImport({ suppress } as unknown as SuppressionsRepository);
  const run = (text: string) =>
    service.run(
      (async function* () {
        yield Buffer.from(text);
      })(),
      'importer',
    );
  return { run, list, statements };
}

describe('SuppressionsImport', () => {
  it.each([
    'address,reason\r\na@b.cd,complaint\r\nx@y.zz,\r\n',
    'a@b.cd,complaint\nx@y.zz',
    '"Reason","Created","Email"\n"complaint","2020-01-01","a@b.cd"\n,,x@y.zz\n',
    '\n a@B.cd , Complaint ,whatever\n\n"x@y.zz"\n',
  ])('reads %j', async (text) => {
    const { run, list } = setup();
    expect(await run(text)).toEqual({ added: 2, already: 0, rejected: [], rejected_count: 0 });
    expect([...list.values()]).toEqual([
      { address: 'a@b.cd', topicId: '', reason: 'complaint', source: 'importer' },
      { address: 'x@y.zz', topicId: '', reason: 'manual', source: 'importer' },
    ]);
  });

  it('reads topics where there is a column of them', async () => {
    const { run, list } = setup();
    const { added, rejected } = await run('topic_id,address\nnews,a@b.cd\n,a@b.cd\na b,a@b.cd\n');
    expect({ added, lines: rejected.map(({ line }) => line) }).toEqual({ added: 2, lines: [4] });
    expect([...list.values()].map(({ topicId }) => topicId)).toEqual(['news', '']);
  });

  it('takes an empty body for an empty list', async () => {
    expect(await setup().run('')).toEqual({ added: 0, already: 0, rejected: [], rejected_count: 0 });
  });

  it('leaves out what it cannot read, and says which lines and why', async () => {
    const { run } = setup();
    expect(await run('address,reason\na@b.cd\nnobody\nx@y.zz,spite\n"x@y.zz\na@b.cd\n')).toEqual({
      added: 1,
      already: 1,
      rejected: [
        { line: 3, detail: 'has no @' },
        { line: 4, detail: 'has a reason that is none of bounce, complaint, soft_bounces, unsubscribe, manual' },
        { line: 5, detail: 'has quotes that do not match' },
      ],
      rejected_count: 3,
    });
  });

  it('lists 100 bad lines and counts all', async () => {
    const { rejected, rejected_count } = await setup().run('nobody\n'.repeat(150));
    expect(rejected).toHaveLength(100);
    expect(rejected_count).toBe(150);
  });

  it('holds no more than a statement of it in memory', async () => {
    const { run, statements } = setup();
    await run(Array.from({ length: 12_000 }, (_, i) => `user${i}@example.com`).join('\n'));
    expect(statements).toEqual([5_000, 5_000, 2_000]);
  });
});
