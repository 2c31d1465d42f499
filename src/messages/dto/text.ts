import { refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';

export const MAX_SUBJECT_CODE_POINTS = 255;
/** Up to 262,140 bytes of UTF-8. */
export const MAX_CONTENT_CODE_POINTS = 65_535;

export const MAX_TEXT_CODE_POINTS = 65_535;

/** With the u flag only a surrogate without its partner matches: UTF-8 has no form for one, nor PostgreSQL a place. */
export const LONE_SURROGATE = /\p{Surrogate}/u;
/** C0, DEL and C1 (U+0085 among them), and the line and paragraph separators. */
export const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** Refuses line breaks wherever they stand, before it trims: a subject ends up in a header. */
export function parseSubject(raw: unknown, context: ParseContext): string | Refused {
  if (typeof raw !== 'string') return notText(raw, context);
  if (tooLong(raw.trim(), MAX_SUBJECT_CODE_POINTS)) return tooLongText(MAX_SUBJECT_CODE_POINTS, context);
  if (CONTROL.test(raw)) {
    return refuse(context, 'invalid_characters', 'must not have line breaks or control characters');
  }
  return wellFormed(raw.trim(), context);
}

export function parseContent(raw: unknown, context: ParseContext): string | Refused {
  if (typeof raw !== 'string') return notText(raw, context);
  return parseBody(raw, MAX_CONTENT_CODE_POINTS, context);
}

export function parseText(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'string') return notText(raw, context);
  return parseBody(raw, MAX_TEXT_CODE_POINTS, context);
}

function parseBody(raw: string, maxCodePoints: number, context: ParseContext): string | Refused {
  if (tooLong(raw, maxCodePoints)) return tooLongText(maxCodePoints, context);
  if (raw.includes('\0')) return refuse(context, 'invalid_characters', 'must not have the character U+0000');
  return wellFormed(raw, context);
}

function wellFormed(text: string, context: ParseContext): string | Refused {
  if (text === '') return refuse(context, 'required', 'must not be empty');
  if (LONE_SURROGATE.test(text)) return refuse(context, 'invalid_characters', 'has half of a surrogate pair');
  return text;
}

function notText(raw: unknown, context: ParseContext): Refused {
  if (raw === undefined) return refuse(context, 'required', 'is required');
  return refuse(context, 'invalid_type', 'must be a string');
}

function tooLongText(max: number, context: ParseContext): Refused {
  return refuse(context, 'too_long', `must have at most ${max} characters`);
}

/** Counts code points, as PostgreSQL counts characters, only where the number of UTF-16 units leaves it open. */
export function tooLong(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > 2 * max) return true;
  let count = 0;
  for (let i = 0; i < text.length; i++, count++) {
    if ((text.codePointAt(i) ?? 0) > 0xffff) i++;
  }
  return count > max;
}
