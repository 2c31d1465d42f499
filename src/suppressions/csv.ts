import { TextDecoder } from 'node:util';
import { AppError } from '../runtime/errors.js';

/** RFC 4180, one record per line: no field of ours has a line break. */

const SPECIAL = /[",\r\n]/;

export function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (SPECIAL.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}

/** The fields of a line; null where its quotes do not match. */
export function csvFields(line: string): string[] | null {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const fields: string[] = [];
  for (let rest = `,${line}`; rest !== '';) {
    const [match, quoted, plain] = /^,(?:\s*"((?:[^"]|"")*)"\s*|([^",]*))(?=,|$)/.exec(rest) ?? [];
    if (match === undefined) return null;
    fields.push((quoted?.replaceAll('""', '"') ?? plain).trim());
    rest = rest.slice(match.length);
  }
  return fields;
}

export interface Line {
  /** Counted from 1. */
  number: number;
  text: string;
}

/** Longer than any record of ours; a file without line breaks must not fill the memory. */
export const MAX_LINE_CHARACTERS = 16_384;

/** The lines of UTF-8 text as it arrives, without their ends and without a BOM. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let pending = '';
  let number = 0;
  for await (const chunk of chunks) {
    const lines = (pending + decode(decoder, chunk)).split(/\r\n|\n|\r(?!\n|$)/);
    pending = lines.pop() ?? '';
    for (const text of lines) {
      number++;
      if (text.length > MAX_LINE_CHARACTERS) throw tooLong(number);
      yield { number, text };
    }
    if (pending.length > MAX_LINE_CHARACTERS) throw tooLong(number + 1);
  }
  pending += decode(decoder);
  if (pending !== '') yield { number: ++number, text: pending.replace(/\r$/, '') };
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (error) {
    throw new AppError('bad_request', 'The body is not valid UTF-8.', { cause: error });
  }
}

function tooLong(line: number): AppError {
  return new AppError('bad_request', `Line ${line} has more than ${MAX_LINE_CHARACTERS} characters.`);
}
