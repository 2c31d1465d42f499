import { describe, expect, it } from 'vitest';
import { csvFields, csvLine, type Line, linesOf, MAX_LINE_CHARACTERS } from './csv.js';

async function read(...chunks: (string | Uint8Array)[]): Promise<Line[]> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  async function* source() {
    yield* bytes;
  }
  const lines: Line[] = [];
  for await (const line of linesOf(source())) lines.push(line);
  return lines;
}

describe('a line of CSV', () => {
  it.each([
    ['a@b.cd,bounce', ['a@b.cd', 'bounce']],
    [' a@b.cd ,', ['a@b.cd', '']],
    ['"a@b.cd","said ""no"", twice"', ['a@b.cd', 'said "no", twice']],
    ['a@b.cd, "x" ,"",z', ['a@b.cd', 'x', '', 'z']],
    ['', ['']],
    ['"a@b.cd', null],
    ['a"@b.cd', null],
    ['"a@b.cd"x,bounce', null],
  ])('is read: %s', (line, fields) => {
    expect(csvFields(line)).toEqual(fields);
  });

  it('is read as it was written', () => {
    const fields = ['plain', 'with, comma', 'with "quotes"', ''];
    expect(csvFields(csvLine(fields).trimEnd())).toEqual(fields);
  });

  it.each([
    ['quotes', `${'""'.repeat(8_000)}"`],
    ['spaces before a quote in the wrong place', `${'\t'.repeat(60_000)}x"`],
  ])('with many %s takes no longer than it should', (_name, line) => {
    const startMs = performance.now();
    expect(csvFields(line)).toBeNull();
    expect(performance.now() - startMs).toBeLessThan(200);
  });
});

describe('lines', () => {
  it('end as any system ends them, wherever the chunks are cut', async () => {
    const text = '\uFEFFone\r\ntwo\nthree\r\n\r\nfünf';
    const expected = ['one', 'two', 'three', '', 'fünf'].map((line, index) => ({ number: index + 1, text: line }));
    expect(await read(text)).toEqual(expected);
    expect(await read(...Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)))).toEqual(expected);
    expect(await read('one\r', '\n', '')).toEqual([{ number: 1, text: 'one' }]);
  });

  it('are refused where they are no text, or have no end', async () => {
    await expect(read(Uint8Array.of(0x61, 0xff))).rejects.toMatchObject({ code: 'bad_request' });
    await expect(read('a\n', 'x'.repeat(MAX_LINE_CHARACTERS + 1))).rejects.toThrow('Line 2 has more than');
    await expect(read(`a\n${'x'.repeat(MAX_LINE_CHARACTERS + 1)}\n`)).rejects.toThrow('Line 2 has more than');
  });
});
