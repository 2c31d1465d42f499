import { ApiProperty } from '@nestjs/swagger';
import { STATES, type State } from '../../contracts/states.js';
import type { Message } from '../message.entity.js';

export class MessageDto {
  @ApiProperty({ type: String, format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, example: 'newsletter-2024' })
  topic_id: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Welcome!',
    description: 'Null once the content was removed.',
  })
  subject: string | null;

  @ApiProperty({ type: Date, nullable: true })
  scheduled_at: Date | null;

  @ApiProperty({ type: Boolean, description: 'Of recipients that say nothing else.' })
  track_opens: boolean;

  @ApiProperty({ type: Boolean, description: 'Of recipients that say nothing else.' })
  track_clicks: boolean;

  @ApiProperty({ type: Date })
  created_at: Date;

  @ApiProperty({ type: 'integer', description: 'Its emails; the states add up to it.' })
  count: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { pending: 0, sent: 1 } })
  states: Record<State, number>;
}

export function messageDto(message: Message, counts: ReadonlyMap<State, number>): MessageDto {
  return {
    id: message.id,
    topic_id: message.topicId,
    subject: message.subject || null,
    scheduled_at: message.scheduledAt,
    track_opens: message.trackOpens,
    track_clicks: message.trackClicks,
    created_at: message.createdAt,
    count: message.count,
    states: Object.fromEntries(STATES.map((state) => [state, counts.get(state) ?? 0])) as Record<State, number>,
  };
}
