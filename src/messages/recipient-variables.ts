import { isVariableName, UNSUBSCRIBE_URL, type Variables } from '../compose/variables.js';
import { Refused } from '../http/parsed.decorator.js';
import { type Fault, memberPointer } from './dto/name-value-map.js';
import { tooLong } from './dto/text.js';

export const MAX_VALUE_CODE_POINTS = 1_000;
/** Names and values of one email together, in UTF-8. */
export const MAX_VARIABLES_BYTES = 10 * 1024;

/** A line break or a tab is white space in HTML; any other control character, and half of a surrogate pair, is nothing. */
const FORBIDDEN = /[\p{Surrogate}\p{Cc}]/u;
const LINE_BREAKS_AND_TABS = /[\n\t]/g;

/** An object of variables with their values as texts, or what is wrong with the first that is not one. */
export function readVariables(raw: unknown, pointer: string): Variables | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'object' || Array.isArray(raw))
    return new Refused([{ pointer, code: 'invalid_type', detail: 'must be an object' }]);
  const names = Object.keys(raw);
  if (names.length === 0) return null;
  const given = raw as Record<string, unknown>;
  const variables: Record<string, string> = {};
  for (const name of names) {
    const text = readValue(name, given[name]);
    if (typeof text !== 'string') return new Refused([{ pointer: memberPointer(pointer, name), ...text }]);
    variables[name] = text;
  }
  return bytesOf(variables) <= MAX_VARIABLES_BYTES ? variables : new Refused([{ pointer, ...TOO_LARGE }]);
}

export const TOO_LARGE: Fault = {
  code: 'variables_too_large',
  detail: `has variables of more than ${MAX_VARIABLES_BYTES} bytes in all`,
};

/** At most: exact only where it could be above the limit. */
export function bytesOf(variables: Variables): number {
  let units = 0;
  for (const name in variables) units += name.length + variables[name].length;
  if (3 * units <= MAX_VARIABLES_BYTES) return 3 * units;
  return Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
}

/** Two objects with the same members, in whatever order. */
export function areSame(a: Variables | null, b: Variables | null): boolean {
  if (a === null || b === null) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

function readValue(name: string, value: unknown): string | Fault {
  if (!isVariableName(name)) {
    const detail = 'is no name: a letter, and up to 49 letters, digits and "_"';
    return { code: 'invalid_name', detail };
  }
  if (name === UNSUBSCRIBE_URL) return { code: 'reserved_name', detail: 'is filled in by us' };
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return { code: 'invalid_type', detail: 'must be a string, a number, true or false' };
  if (tooLong(value, MAX_VALUE_CODE_POINTS)) {
    return { code: 'too_long', detail: `must have at most ${MAX_VALUE_CODE_POINTS} characters` };
  }
  if (FORBIDDEN.test(value) && FORBIDDEN.test(value.replace(LINE_BREAKS_AND_TABS, ''))) {
    return { code: 'invalid_characters', detail: 'must not have control characters but line breaks (\\n) and tabs' };
  }
  return value;
}
