import type { ParseContext, Refused } from '../../http/parsed.decorator.js';
import { type Fault, parseMap } from './name-value-map.js';

export const MAX_HEADERS = 20;
const MAX_NAME_CHARACTERS = 126;
const MAX_VALUE_CHARACTERS = 870;

/** RFC 5322, 3.6.8, as narrow as RFC 9110's tokens. */
const NAME = /^[A-Za-z0-9][\w!#$%&'*+.^`|~-]*$/;
/** What SES takes: printable ASCII, so that nothing has to be encoded and nothing can end the line. */
const VALUE = /^[ -~]*$/;

/** What says something of the mail, and decides neither who gets it nor what is in it. `x-…` are allowed besides. */
const ALLOWED = new Set([
  'auto-submitted',
  'comments',
  'feedback-id',
  'importance',
  'in-reply-to',
  'keywords',
  'list-archive',
  'list-help',
  'list-id',
  'list-owner',
  'organization',
  'precedence',
  'priority',
  'references',
  'sensitivity',
  'thread-index',
  'thread-topic',
]);
/** Ours, and those by which SES is steered. */
const RESERVED = ['x-messages-', 'x-ses-'];

/** Headers beside those that we write ourselves. */
export function parseHeaders(raw: unknown, context: ParseContext): Record<string, string> | null | Refused {
  const seen = new Set<string>();
  return parseMap(raw, context, MAX_HEADERS, (name, value) => {
    const lowerCase = name.toLowerCase();
    const refusal = nameFault(name, lowerCase) ?? (seen.has(lowerCase) ? duplicate : null);
    if (refusal) return refusal;
    seen.add(lowerCase);
    return readValue(value);
  });
}

const duplicate: Fault = { code: 'duplicate_header', detail: 'is given twice; upper and lower case mean the same' };

function nameFault(name: string, lowerCase: string): Fault | null {
  if (name.length > MAX_NAME_CHARACTERS || !NAME.test(name)) {
    const detail = `must be a header's name of 1 to ${MAX_NAME_CHARACTERS} characters`;
    return { code: 'invalid_name', detail };
  }
  if (lowerCase.startsWith('list-unsubscribe')) {
    return { code: 'header_not_allowed', detail: 'is written by us where "unsubscribe" is true' };
  }
  if (RESERVED.some((prefix) => lowerCase.startsWith(prefix))) {
    return { code: 'header_not_allowed', detail: 'is reserved: choose another name that begins with X-' };
  }
  if (lowerCase.startsWith('x-') || ALLOWED.has(lowerCase)) return null;
  return { code: 'header_not_allowed', detail: 'cannot be set; a header of your own begins with X-' };
}

function readValue(value: unknown): string | Fault {
  if (typeof value !== 'string') return { code: 'invalid_type', detail: 'must be a string' };
  if (value.length > MAX_VALUE_CHARACTERS) {
    return { code: 'too_long', detail: `must have at most ${MAX_VALUE_CHARACTERS} characters` };
  }
  if (!VALUE.test(value)) return { code: 'invalid_characters', detail: 'must be printable ASCII without line breaks' };
  const text = value.trim();
  return text === '' ? { code: 'required', detail: 'must not be empty' } : text;
}
