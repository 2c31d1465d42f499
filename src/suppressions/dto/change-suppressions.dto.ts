import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { parseAddress } from '../../contracts/address.js';
import { MistakenFor } from '../../http/alias.decorator.js';
import { Parsed, Refused, refuse, type ParseContext } from '../../http/parsed.decorator.js';
import type { FieldError } from '../../runtime/errors.js';
import { SUPPRESSION_REASONS } from '../suppression.entity.js';
import { type Entry, Fault, readEntry, readScope, readTopicId } from '../suppression-entry.js';
import type { Scope } from '../suppressions.repository.js';

export const MAX_ADDRESSES = 10_000;

const ADDRESS = { type: 'string', maxLength: 254 };

const SCOPE = {
  address: ADDRESS,
  topic_id: {
    type: 'string',
    nullable: true,
    pattern: '^[A-Za-z0-9_-]{0,50}$',
    description: 'Mail of this topic alone; absent, null or empty: all mail.',
  },
};

const ENTRY = { ...SCOPE, reason: { type: 'string', enum: [...SUPPRESSION_REASONS], default: 'manual' } };

/** An address, or an object with one. */
function elementSchema<Properties extends object>(properties: Properties) {
  return { oneOf: [ADDRESS, { type: 'object', required: ['address'], properties, additionalProperties: false }] };
}

export class AddSuppressionsDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_ADDRESSES,
    items: elementSchema(ENTRY),
    description: 'Addresses, each alone or with its reason and topic. One that is bad refuses all.',
    example: ['user@example.com', { address: 'other@example.com', reason: 'unsubscribe', topic_id: 'newsletter-2024' }],
  })
  @MistakenFor('emails', 'email', 'address', 'recipients', 'suppressions')
  @Parsed(parseElements(readEntry))
  addresses: Entry[];
}

export class ReleaseSuppressionsDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_ADDRESSES,
    items: elementSchema(SCOPE),
    description: 'Addresses, each alone or with a topic. What is suppressed for one topic is released for that one.',
    example: ['user@example.com', { address: 'other@example.com', topic_id: 'newsletter-2024' }],
  })
  @MistakenFor('emails', 'email', 'address', 'recipients', 'suppressions')
  @Parsed(parseElements(readScope))
  addresses: Scope[];
}

/** `:address` of a path. */
export class AddressParam {
  @ApiProperty({ type: String, maxLength: 254, example: 'user@example.com' })
  @Parsed(parseParam)
  address: string;
}

/** `?topic_id=` */
export class ScopeQuery {
  @ApiPropertyOptional({ type: String, description: 'What is suppressed for this topic; without it, for all mail.' })
  @Parsed(parseTopicId)
  topic_id: string;
}

/** Reads one element, or says what is wrong with it. */
type ReadElement = (element: unknown) => unknown;

function parseElements(read: ReadElement) {
  return (raw: unknown, context: ParseContext): unknown => {
    if (raw === undefined) return refuse(context, 'required', 'is required');
    if (!Array.isArray(raw)) return refuse(context, 'invalid_type', 'must be an array of addresses');
    if (raw.length === 0) return refuse(context, 'too_few', 'must have at least one address');
    if (raw.length > MAX_ADDRESSES) {
      return refuse(context, 'too_many', `must have at most ${MAX_ADDRESSES} addresses`);
    }
    const errors: FieldError[] = [];
    const values = raw.map((element, index) => {
      const value = read(element);
      if (value instanceof Fault) errors.push(value.at(`${context.pointer}/${index}`));
      return value;
    });
    return errors.length > 0 ? new Refused(errors) : values;
  };
}

function parseParam(raw: unknown, context: ParseContext): string | Refused {
  const { address } = typeof raw === 'string' ? parseAddress(raw) : {};
  return address ?? refuse(context, 'invalid_email', 'must be an address');
}

function parseTopicId(raw: unknown, context: ParseContext): string | Refused {
  const topicId = readTopicId(raw);
  return topicId instanceof Fault ? new Refused([topicId.at(context.pointer)]) : topicId;
}
