import { ApiPropertyOptional } from '@nestjs/swagger';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';
import { parseDateTime } from '../../messages/dto/scheduled-at.js';
import { INTERVALS, type Interval } from '../timeline.js';

const NAMES = Object.keys(INTERVALS) as Interval[];

export class TimelineQuery {
  @ApiPropertyOptional({
    enum: NAMES,
    default: 'hour',
    description: 'The width of a bucket. Minutes are kept for 168 hours; an older hour stands in its first minute.',
  })
  @Parsed(parseInterval)
  interval: Interval;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description:
      'In the first bucket; UTC where it has no offset. By default 60 minutes, 24 hours or 30 days before `to`.',
  })
  @Parsed(parseMoment)
  from: Date | null;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'In the last bucket; by default now.' })
  @Parsed(parseMoment)
  to: Date | null;
}

function parseInterval(raw: unknown, context: ParseContext): Interval | Refused {
  if (raw === undefined) return 'hour';
  return (
    NAMES.find((name) => name === raw) ?? refuse(context, 'invalid_interval', `must be one of ${NAMES.join(', ')}`)
  );
}

function parseMoment(raw: unknown, context: ParseContext): Date | null | Refused {
  if (raw === undefined) return null;
  // In a query an unescaped + is read as a space, and a date-time has no other.
  const moment = typeof raw === 'string' ? parseDateTime(raw.replace(' ', '+'), 'UTC') : null;
  if (moment instanceof Date) return moment;
  return refuse(context, 'invalid_datetime', moment?.detail ?? 'must be one ISO 8601 date and time');
}
