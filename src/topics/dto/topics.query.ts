import { ApiPropertyOptional } from '@nestjs/swagger';
import { LimitQuery, parseCursor } from '../../http/page.query.js';
import { Parsed } from '../../http/parsed.decorator.js';

/** The time in microseconds, and the topic; the empty topic is nothing. */
const CURSOR = /^(\d{1,17}) ([A-Za-z0-9_-]{0,50})$/;

export class TopicsQuery extends LimitQuery {
  @ApiPropertyOptional({ type: String, description: 'The `next_cursor` of the page before.' })
  @Parsed(parseCursor(CURSOR))
  cursor: [activityUs: string, topicId: string] | null;
}
