import type { ParseContext, Refused } from '../../http/parsed.decorator.js';
import { parseMap } from './name-value-map.js';

/** SES takes 50, of which we use two. */
export const MAX_TAGS = 10;

/** SES refuses the whole mail for a tag with any other character. */
const WORD = /^[A-Za-z0-9_-]{1,256}$/;
const OURS = new Set(['request_id', 'topic_id']);

export function parseTags(raw: unknown, context: ParseContext): Record<string, string> | null | Refused {
  return parseMap(raw, context, MAX_TAGS, (name, value) => {
    if (OURS.has(name.toLowerCase())) return { code: 'reserved_name', detail: 'is the name of a tag of ours' };
    if (typeof value !== 'string') return { code: 'invalid_type', detail: 'must be a string' };
    if (WORD.test(name) && WORD.test(value)) return value;
    const [code, what] = WORD.test(name) ? ['invalid_value', 'a value'] : ['invalid_name', 'a name'];
    return { code, detail: `must have ${what} of 1 to 256 of the characters A-Z, a-z, 0-9, "_" and "-"` };
  });
}
