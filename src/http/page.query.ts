import { ApiPropertyOptional } from '@nestjs/swagger';
import { Parsed, refuse, type ParseContext, type Refused } from './parsed.decorator.js';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** Longer than any cursor of ours. */
const MAX_CURSOR_CHARACTERS = 200;

/** Where the next page begins, for the caller nothing but a text. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(parts.join(' ')).toString('base64url');
}

/** The parts of a cursor that has `pattern`, whose groups they are; null for what is no such cursor. */
export function decodeCursor(text: string, pattern: RegExp): string[] | null {
  return pattern.exec(Buffer.from(text, 'base64url').toString())?.slice(1) ?? null;
}

/** A parser for `cursor`: absent is null, the first page. */
export function parseCursor(pattern: RegExp) {
  return (raw: unknown, context: ParseContext): string[] | null | Refused => {
    if (raw === undefined) return null;
    const parts = typeof raw === 'string' && raw.length <= MAX_CURSOR_CHARACTERS ? decodeCursor(raw, pattern) : null;
    return parts ?? refuse(context, 'invalid_cursor', 'must be a next_cursor of this list, as it was answered');
  };
}

/** `?limit=` of a list. */
export class LimitQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })
  @Parsed(parseLimit)
  limit: number;
}

function parseLimit(raw: unknown, context: ParseContext): number | Refused {
  if (raw === undefined) return DEFAULT_LIMIT;
  const limit = typeof raw === 'string' && /^[0-9]{1,3}$/.test(raw) ? Number(raw) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  return refuse(context, 'invalid_limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
}
