import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Variables } from '../../compose/variables.js';
import { isTopicId } from '../../contracts/topic-id.js';
import { Alias, MistakenFor } from '../../http/alias.decorator.js';
import { Elements } from '../../http/elements.decorator.js';
import { Parsed, Refused, refuse, type ParseContext } from '../../http/parsed.decorator.js';
import { Unsupported } from '../../http/unsupported.decorator.js';
import type { FieldError } from '../../runtime/errors.js';
import { MAX_VALUE_CODE_POINTS, readVariables } from '../recipient-variables.js';
import { readRecipients, type Recipients } from '../recipients.js';
import { MAX_HEADERS, parseHeaders } from './headers.js';
import { parseMailbox } from './mailbox.js';
import { parseDateTime, parseScheduledAt } from './scheduled-at.js';
import { MAX_TAGS, parseTags } from './tags.js';
import {
  MAX_CONTENT_CODE_POINTS,
  MAX_SUBJECT_CODE_POINTS,
  MAX_TEXT_CODE_POINTS,
  parseContent,
  parseSubject,
  parseText,
} from './text.js';

export const MAX_MESSAGES = 100;
export const MAX_EMAILS_PER_MESSAGE = 1_000;

const VARIABLES_SCHEMA = {
  type: 'object' as const,
  nullable: true,
  additionalProperties: {
    oneOf: [{ type: 'string', maxLength: MAX_VALUE_CODE_POINTS }, { type: 'number' }, { type: 'boolean' }],
  },
};

const TEXTS_SCHEMA = { type: 'object' as const, nullable: true, additionalProperties: { type: 'string' } };

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
            variables: { ...VARIABLES_SCHEMA, description: "This recipient's values, which go before the message's." },
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
  @Unsupported(['cc', 'bcc'], 'is not supported: every recipient gets a mail of their own; name them all in "emails"')
  @MistakenFor('to', 'recipient', 'recipients', 'email', 'address', 'addresses')
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
    description: 'HTML. `{{name}}` stands for a variable, in the subject and the text too.',
    example: '<h1>Hello World</h1>',
  })
  @Unsupported(['attachments', 'attachment', 'files'], 'is not supported: put a link to the file into the content')
  @MistakenFor('html', 'body', 'message')
  @Parsed(parseContent)
  content: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: MAX_TEXT_CODE_POINTS,
    description: 'The mail without HTML; made from the content where it is absent.',
  })
  @MistakenFor('plain', 'plaintext', 'plain_text', 'text_content', 'body_text')
  @Parsed(parseText)
  text: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: '`address` or `Name <address>`, of a domain in FROM_DOMAINS; else FROM_EMAIL is the sender.',
  })
  @MistakenFor('sender', 'from_email', 'fromemail', 'from_address')
  @Parsed(parseMailbox)
  from: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: '`address` or `Name <address>`: who gets answers.',
  })
  @MistakenFor('replyto', 'reply-to')
  @Parsed(parseMailbox)
  reply_to: string | null;

  @ApiPropertyOptional({
    ...TEXTS_SCHEMA,
    description: `At most ${MAX_HEADERS}: \`X-…\` and those that neither address the mail nor describe its body. Values are printable ASCII, at most 870 characters.`,
  })
  @MistakenFor('header')
  @Parsed(parseHeaders)
  headers: Record<string, string> | null;

  @ApiPropertyOptional({
    ...TEXTS_SCHEMA,
    description: `For the provider's statistics, at most ${MAX_TAGS}: names and values of \`[A-Za-z0-9_-]{1,256}\`.`,
  })
  @MistakenFor('labels', 'metadata')
  @Parsed(parseTags)
  tags: Record<string, string> | null;

  @ApiPropertyOptional({
    ...VARIABLES_SCHEMA,
    description: 'What `{{name}}` stands for, for recipients that say nothing else. 10 KB per email in all.',
  })
  @MistakenFor('vars', 'substitutions', 'data', 'merge_vars', 'personalization')
  @Parsed(parseVariables)
  variables: Variables | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    default: false,
    description: 'Adds the headers of RFC 8058 for unsubscribing by one click. Needs TRACKING_SECRET.',
  })
  @MistakenFor('list_unsubscribe', 'unsubscribe_link')
  @Parsed(parseFlag)
  unsubscribe: boolean | null;

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
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'Mail that has not left by then is never sent. As scheduled_at, and later than it.',
  })
  @MistakenFor('expiresat', 'expires', 'expire_at', 'expiry', 'valid_until', 'ttl')
  @Parsed(parseExpiry)
  expires_at: Date | null;

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

function parseVariables(raw: unknown, { pointer }: ParseContext): Variables | null | Refused {
  return readVariables(raw, pointer);
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

/** That it lies behind `scheduled_at` is checked where both are known. */
function parseExpiry(raw: unknown, context: ParseContext): Date | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'string') return refuse(context, 'invalid_datetime', 'must be a string');
  const instant = parseDateTime(raw, context.defaultTimezone);
  if (!(instant instanceof Date)) return refuse(context, instant.code, instant.detail);
  return instant.getTime() > context.now ? instant : refuse(context, 'too_past', 'is in the past');
}
