import { ApiPropertyOptional } from '@nestjs/swagger';
import { parseAddress } from '../../contracts/address.js';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../suppression.entity.js';
import type { Position } from '../suppressions.repository.js';

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;

export class SuppressionsQuery {
  @ApiPropertyOptional({ type: String, description: 'This address only, compared without case.' })
  @Parsed(parseAddressFilter)
  address: string | null;

  @ApiPropertyOptional({ enum: SUPPRESSION_REASONS })
  @Parsed(parseReasonFilter)
  reason: SuppressionReason | null;

  @ApiPropertyOptional({ type: String, description: '`next_cursor` of the page before.' })
  @Parsed(parseCursor)
  cursor: Position | null;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })
  @Parsed(parseLimit)
  limit: number;

  @ApiPropertyOptional({
    enum: ['json', 'csv'],
    description: '`csv`, or the header `Accept: text/csv`: all that the filters leave, from the cursor on; no `limit`.',
  })
  @Parsed(parseFormat)
  format: 'json' | 'csv' | null;
}

export function cursorOf({ position, address, topicId }: Position): string {
  return Buffer.from(`${position} ${address} ${topicId}`).toString('base64url');
}

function parseAddressFilter(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined) return null;
  const { address } = typeof raw === 'string' ? parseAddress(raw) : {};
  return address?.toLowerCase() ?? refuse(context, 'invalid_email', 'must be an address');
}

function parseReasonFilter(raw: unknown, context: ParseContext): SuppressionReason | null | Refused {
  if (raw === undefined) return null;
  const reason = SUPPRESSION_REASONS.find((known) => known === raw);
  return reason ?? refuse(context, 'invalid_reason', `must be one of ${SUPPRESSION_REASONS.join(', ')}`);
}

function parseCursor(raw: unknown, context: ParseContext): Position | null | Refused {
  if (raw === undefined) return null;
  const text = typeof raw === 'string' ? Buffer.from(raw, 'base64url').toString() : '';
  const [, position, address, topicId] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,254}) ([A-Za-z0-9_-]{0,50})$/.exec(text) ?? [];
  if (position === undefined || !isMoment(position)) {
    return refuse(context, 'invalid_cursor', 'must be a next_cursor of this list');
  }
  return { position, address, topicId };
}

/** Date.parse takes 30 February for 2 March, and PostgreSQL does not; nor does it know a year 0. */
function isMoment(position: string): boolean {
  const ms = Date.parse(position);
  if (Number.isNaN(ms) || position.startsWith('0000')) return false;
  return new Date(ms).toISOString().slice(0, 19) === position.slice(0, 19);
}

function parseLimit(raw: unknown, context: ParseContext): number | Refused {
  if (raw === undefined) return DEFAULT_LIMIT;
  const limit = typeof raw === 'string' && /^[0-9]{1,3}$/.test(raw) ? Number(raw) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  return refuse(context, 'invalid_limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
}

function parseFormat(raw: unknown, context: ParseContext): 'json' | 'csv' | null | Refused {
  if (raw === undefined) return null;
  return raw === 'json' || raw === 'csv' ? raw : refuse(context, 'invalid_format', 'must be json or csv');
}
