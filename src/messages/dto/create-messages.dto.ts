import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { isTopicId } from '../../contracts/topic-id.js';
import { Alias, MistakenFor } from '../../http/alias.decorator.js';
import { Elements } from '../../http/elements.decorator.js';
import { Parsed, Refused, refuse, type ParseContext } from '../../http/parsed.decorator.js';
import type { FieldError } from '../../runtime/errors.js';
import { readRecipients, type Recipients } from '../recipients.js';
import { parseScheduledAt } from './scheduled-at.js';
import { MAX_CONTENT_CODE_POINTS, MAX_SUBJECT_CODE_POINTS, parseContent, parseSubject } from './text.js';

export const MAX_MESSAGES = 100;
export const MAX_EMAILS_PER_MESSAGE = 1_000;

export class CreateMessageDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 50,
    pattern: '^[A-Za-z0-9_-]*$',
    description: 'Your label for a campaign. Absent, null and "" are the empty topic.',
    example: 'newsletter-2024',
  })
  @MistakenFor('topic', 'campaign', 'tag')
  @Alias('topicId')
  @Parsed(parseTopicId)
  topic_id: string;

  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_EMAILS_PER_MESSAGE,
    items: {
      oneOf: [
        { type: 'string', maxLength: 254 },
        {
          type: 'object',
          required: ['email'],
          properties: {
            email: { type: 'string', maxLength: 254 },
            track_opens: { type: 'boolean', nullable: true, description: 'For this recipient; else as the message.' },
            track_clicks: { type: 'boolean', nullable: true, description: 'For this recipient; else as the message.' },
          },
          additionalProperties: false,
        },
      ],
    },
    description: 'The recipients: one email each, none sees another. An address given twice gets one.',
    example: ['user@example.com'],
  })
  @MistakenFor('to', 'cc', 'bcc', 'recipient', 'recipients', 'email', 'address', 'addresses')
  @Parsed(parseEmails)
  emails: Recipients;

  @ApiProperty({
    type: String,
    minLength: 1,
    maxLength: MAX_SUBJECT_CODE_POINTS,
    description: 'Trimmed; no line breaks, no control characters.',
    example: 'Welcome!',
  })
  @MistakenFor('title')
  @Parsed(parseSubject)
  subject: string;

  @ApiProperty({
    type: String,
    minLength: 1,
    maxLength: MAX_CONTENT_CODE_POINTS,
    description: 'HTML.',
    example: '<h1>Hello World</h1>',
  })
  @MistakenFor('html', 'body', 'message')
  @Parsed(parseContent)
  content: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'date-time',
    description:
      'ISO 8601. Without an offset it is a local time in DEFAULT_TIMEZONE. At most one hour in the past and 365 days ahead.',
  })
  @MistakenFor('send_at', 'sendat', 'deliver_at', 'schedule', 'schedule_time', 'date', 'time')
  @Alias('scheduledAt', { emptyIsAbsent: true })
  @Parsed(parseSchedule)
  scheduled_at: Date | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'Whether the mail carries a pixel that reports its opening. By default as TRACK_OPENS says.',
  })
  @MistakenFor('trackopens', 'open_tracking', 'track')
  @Parsed(parseFlag)
  track_opens: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    default: false,
    description: 'Whether its links lead through this service, which reports clicks. Needs TRACKING_SECRET.',
  })
  @MistakenFor('trackclicks', 'click_tracking', 'track_links')
  @Parsed(parseFlag)
  track_clicks: boolean | null;
}

export class CreateMessagesDto {
  @ApiProperty({ type: [CreateMessageDto], minItems: 1, maxItems: MAX_MESSAGES })
  @MistakenFor('message')
  @Elements(() => CreateMessageDto, { min: 1, max: MAX_MESSAGES })
  messages: CreateMessageDto[];
}

/** What `handling=lenient` left out of a submission, for the answer. */
export function rejectedOf({ messages }: CreateMessagesDto): FieldError[] {
  return messages.flatMap(({ emails }) => emails.rejected);
}

function parseTopicId(raw: unknown, context: ParseContext): string | Refused {
  if (raw === undefined || raw === null || raw === '') return '';
  if (typeof raw !== 'string') return refuse(context, 'invalid_type', 'must be a string');
  if (!isTopicId(raw)) {
    return refuse(context, 'invalid_topic_id', 'must be 1 to 50 of the characters A-Z, a-z, 0-9, "_" and "-"');
  }
  return raw;
}

/** A message whose every recipient is bad is refused, lenient or not: there would be nothing to accept. */
function parseEmails(raw: unknown, context: ParseContext): Recipients | Refused {
  if (raw === undefined) return refuse(context, 'required', 'is required');
  if (!Array.isArray(raw)) return refuse(context, 'invalid_type', 'must be an array of addresses');
  if (raw.length === 0) return refuse(context, 'too_few', 'must have at least one address');
  if (raw.length > MAX_EMAILS_PER_MESSAGE) {
    return refuse(context, 'too_many', `must have at most ${MAX_EMAILS_PER_MESSAGE} addresses`);
  }
  const recipients = readRecipients(raw, context.pointer);
  const isAccepted = context.lenient ? recipients.addresses.length > 0 : recipients.rejected.length === 0;
  return isAccepted ? recipients : new Refused(recipients.rejected);
}

function parseFlag(raw: unknown, context: ParseContext): boolean | null | Refused {
  if (raw === undefined || raw === null) return null;
  return typeof raw === 'boolean' ? raw : refuse(context, 'invalid_type', 'must be true or false');
}

function parseSchedule(raw: unknown, context: ParseContext): Date | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'string') return refuse(context, 'invalid_datetime', 'must be a string');
  const instant = parseScheduledAt(raw, context.defaultTimezone, context.now);
  return instant instanceof Date ? instant : refuse(context, instant.code, instant.detail);
}
