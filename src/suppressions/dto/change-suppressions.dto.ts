import { ApiProperty } from '@nestjs/swagger';
import { parseAddress } from '../../contracts/address.js';
import { MistakenFor } from '../../http/alias.decorator.js';
import { Parsed, Refused, refuse, type ParseContext } from '../../http/parsed.decorator.js';
import type { FieldError } from '../../runtime/errors.js';
import { SUPPRESSION_REASONS } from '../suppression.entity.js';
import { type Entry, Fault, readAddress, readEntry } from '../suppression-entry.js';

export const MAX_ADDRESSES = 10_000;

const ENTRY_SCHEMA = {
  oneOf: [
    { type: 'string', maxLength: 254 },
    {
      type: 'object',
      required: ['address'],
      properties: {
        address: { type: 'string', maxLength: 254 },
        reason: { type: 'string', enum: [...SUPPRESSION_REASONS], default: 'manual' },
      },
      additionalProperties: false,
    },
  ],
};

export class AddSuppressionsDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_ADDRESSES,
    items: ENTRY_SCHEMA,
    description: 'Addresses, each alone or with its reason. One that is bad refuses all.',
    example: ['user@example.com', { address: 'other@example.com', reason: 'complaint' }],
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
    items: { type: 'string', maxLength: 254 },
    example: ['user@example.com'],
  })
  @MistakenFor('emails', 'email', 'address', 'recipients', 'suppressions')
  @Parsed(parseElements(readAddress))
  addresses: string[];
}

/** `:address` of a path. */
export class AddressParam {
  @ApiProperty({ type: String, maxLength: 254, example: 'user@example.com' })
  @Parsed(parseParam)
  address: string;
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
