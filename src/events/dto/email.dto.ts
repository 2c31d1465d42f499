import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { STATES, type State } from '../../contracts/states.js';
import type { EmailDetail } from '../../messages/emails.repository.js';
import type { Event } from '../event.entity.js';

export class EmailEventDto {
  @ApiProperty({ type: String, example: 'Delivery', description: "In SES's words." })
  type: string;

  @ApiProperty({ type: Date })
  occurred_at: Date;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'What the type says besides.',
    example: { bounce_type: 'Permanent' },
  })
  detail?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Boolean, description: 'Of an Open or Click: whether a program did it.' })
  machine?: boolean;
}

export class ListedEmailDto {
  @ApiProperty({ type: String, format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid' })
  message_id: string;

  @ApiProperty({ type: String, example: 'newsletter-2024' })
  topic_id: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'user@example.com',
    description: 'Null once its person was erased.',
  })
  email: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Welcome!',
    description: 'Null once the content was removed.',
  })
  subject: string | null;

  @ApiProperty({ enum: STATES })
  state: State;

  @ApiProperty({ type: String, nullable: true, example: 'smtp; 550 5.1.1 user unknown' })
  reason: string | null;

  @ApiProperty({ type: 'integer', description: 'Times that a sender tried.' })
  attempts: number;

  @ApiProperty({ type: String, nullable: true })
  provider_message_id: string | null;

  @ApiProperty({ type: Date, nullable: true })
  scheduled_at: Date | null;

  @ApiProperty({ type: Date })
  created_at: Date;

  @ApiProperty({ type: Date, nullable: true })
  dispatched_at: Date | null;

  @ApiProperty({ type: Date, nullable: true, description: 'When the provider had accepted it.' })
  sent_at: Date | null;
}

export class EmailDto extends ListedEmailDto {
  @ApiProperty({ type: [EmailEventDto], description: 'In the order in which they happened.' })
  events: EmailEventDto[];
}

export class EmailListDto {
  @ApiProperty({ type: [ListedEmailDto] })
  data: ListedEmailDto[];

  @ApiProperty({ type: String, nullable: true, description: 'For the next page; null on the last one.' })
  next_cursor: string | null;
}

export function emailDto(email: EmailDetail, events: readonly Event[]): EmailDto {
  return { ...listedEmailDto(email), events: events.map(emailEventDto) };
}

export function listedEmailDto(email: EmailDetail): ListedEmailDto {
  return {
    id: email.id,
    message_id: email.messageId,
    topic_id: email.topicId,
    email: email.address,
    subject: email.subject,
    state: email.state,
    reason: email.reason,
    attempts: email.attempts,
    provider_message_id: email.providerMessageId,
    scheduled_at: email.scheduledAt,
    created_at: email.createdAt,
    dispatched_at: email.dispatchedAt,
    sent_at: email.sentAt,
  };
}

function emailEventDto({ type, occurredAt, detail, isMachine }: Event): EmailEventDto {
  return {
    type,
    occurred_at: occurredAt,
    ...(detail !== null && { detail }),
    ...(isMachine !== null && { machine: isMachine }),
  };
}
