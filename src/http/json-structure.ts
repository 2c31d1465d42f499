import { AppError } from '../runtime/errors.js';

/** Our deepest document has six levels; JSON.parse would take a million, and recursive code after it would not. */
export const MAX_DEPTH = 32;

/** An object of a million keys takes V8 most of a second to build. */
export const MAX_MEMBERS = 1_000;

/** 100,000 recipients, each an object with a few variables, are some 900,000 values. */
export const MAX_VALUES = 2_000_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Bounds a JSON text before anything is built from it, in one pass over its bytes. Syntax is left to JSON.parse: of a
 * broken text the counts mean nothing, but they stay bounded.
 */
export function checkJsonStructure(body: Uint8Array): void {
  const isObject = new Uint8Array(MAX_DEPTH + 1);
  const members = new Uint32Array(MAX_DEPTH + 1);
  let depth = 0;
  let values = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) {
      i = endOfString(body, i + 1);
    } else if (byte === COMMA) {
      if (++values > MAX_VALUES) throw tooLarge(`more than ${MAX_VALUES} values`);
      if (isObject[depth] === 1 && ++members[depth] >= MAX_MEMBERS) {
        throw tooLarge(`an object with more than ${MAX_MEMBERS} members`);
      }
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++values > MAX_VALUES) throw tooLarge(`more than ${MAX_VALUES} values`);
      if (++depth > MAX_DEPTH) throw tooLarge(`more than ${MAX_DEPTH} levels`);
      isObject[depth] = byte === OPEN_OBJECT ? 1 : 0;
      members[depth] = 0;
    } else if ((byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) && depth > 0) {
      depth--;
    }
  }
}

/** The index of the closing quote, or of the end of a string that has none. */
function endOfString(body: Uint8Array, start: number): number {
  let i = start;
  while (i < body.length && body[i] !== QUOTE) i += body[i] === BACKSLASH ? 2 : 1;
  return i;
}

function tooLarge(what: string): AppError {
  return new AppError('too_deep', `The body has ${what}.`);
}
