import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EMPTY_TOPIC, EMPTY_TOPIC_IN_PATH, isTopicId } from '../contracts/topic-id.js';
import { Parsed, refuse, type ParseContext, type Refused } from './parsed.decorator.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const MAX_HOURS = 168;
const DEFAULT_HOURS = 24;

/** `:topic_id` of a path. */
export class TopicIdParam {
  @ApiProperty({ type: String, description: 'The topic; `~` is the empty one.', example: 'newsletter-2024' })
  @Parsed(parseTopicId)
  topic_id: string;
}

/** `:id` of a path, in lower case. */
export class IdParam {
  @ApiProperty({ type: String, format: 'uuid' })
  @Parsed(parseId)
  id: string;
}

/** `?hours=`, a window that ends now. */
export class HoursQuery {
  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: MAX_HOURS, default: DEFAULT_HOURS })
  @Parsed(parseHours)
  hours: number;
}

function parseTopicId(raw: unknown, context: ParseContext): string | Refused {
  if (raw === EMPTY_TOPIC_IN_PATH) return EMPTY_TOPIC;
  if (typeof raw === 'string' && isTopicId(raw)) return raw;
  return refuse(context, 'invalid_topic_id', 'must be "~", or 1 to 50 of the characters A-Z, a-z, 0-9, "_" and "-"');
}

function parseId(raw: unknown, context: ParseContext): string | Refused {
  if (typeof raw === 'string' && UUID.test(raw)) return raw.toLowerCase();
  return refuse(context, 'invalid_uuid', 'must be a UUID');
}

function parseHours(raw: unknown, context: ParseContext): number | Refused {
  if (raw === undefined) return DEFAULT_HOURS;
  const hours = typeof raw === 'string' && /^[0-9]{1,3}$/.test(raw) ? Number(raw) : 0;
  if (hours >= 1 && hours <= MAX_HOURS) return hours;
  return refuse(context, 'invalid_hours', `must be a whole number from 1 to ${MAX_HOURS}`);
}
