import { ApiProperty } from '@nestjs/swagger';
import { Alias } from '../../http/alias.decorator.js';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';
import { parseScheduledAt } from './scheduled-at.js';

export class RescheduleEmailDto {
  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'As at submission; a moment that has passed sends it now.',
  })
  @Alias('scheduledAt')
  @Parsed(parseSchedule)
  scheduled_at: Date;
}

function parseSchedule(raw: unknown, context: ParseContext): Date | Refused {
  if (raw === undefined || raw === null) return refuse(context, 'required', 'is required');
  if (typeof raw !== 'string') return refuse(context, 'invalid_datetime', 'must be a string');
  const instant = parseScheduledAt(raw, context.defaultTimezone, context.now);
  return instant instanceof Date ? instant : refuse(context, instant.code, instant.detail);
}
