import { type AddressFault, parseAddress } from '../contracts/address.js';
import type { FieldError } from '../runtime/errors.js';
import { SUPPRESSION_REASONS, type SuppressionReason } from './suppression.entity.js';

/** What a caller adds to the list. */
export interface Entry {
  address: string;
  reason: SuppressionReason;
}

/** What is wrong with an entry. */
export class Fault {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {}

  at(pointer: string): FieldError {
    return { pointer, code: this.code, detail: this.detail };
  }
}

const FAULTS: Readonly<Record<AddressFault, string>> = {
  empty: 'is empty',
  too_long: 'is longer than 254 characters',
  no_at: 'has no @',
  local_part: 'has a part before the @ that is not 1 to 64 plain characters',
  domain: 'has a domain that is not valid',
};

const REASONS = SUPPRESSION_REASONS.join(', ');
const MEMBERS = new Set(['address', 'reason']);

/** An element of JSON: an address, or an object `{ address, reason? }`. */
export function readEntry(element: unknown): Entry | Fault {
  if (typeof element === 'string') return entryOf(element, '');
  if (typeof element !== 'object' || element === null || !('address' in element)) {
    return new Fault('invalid_type', 'must be an address, or an object with one in "address"');
  }
  if (Object.keys(element).some((name) => !MEMBERS.has(name))) {
    return new Fault('unknown_field', 'has members that are not known; an element takes "address" and "reason"');
  }
  const { address, reason = '' } = element as { address: unknown; reason?: unknown };
  if (typeof address !== 'string' || typeof reason !== 'string') {
    return new Fault('invalid_type', 'must have strings in "address" and "reason"');
  }
  return entryOf(address, reason);
}

/** An element of JSON that is an address and nothing else. */
export function readAddress(element: unknown): string | Fault {
  if (typeof element !== 'string') return new Fault('invalid_type', 'must be an address');
  const { address, fault } = parseAddress(element);
  return address ?? new Fault('invalid_email', FAULTS[fault]);
}

/** Without a reason it was somebody's decision. */
export function entryOf(addressText: string, reasonText: string): Entry | Fault {
  const address = readAddress(addressText);
  if (address instanceof Fault) return address;
  const lower = reasonText.toLowerCase();
  const reason = lower === '' ? 'manual' : SUPPRESSION_REASONS.find((known) => known === lower);
  if (reason === undefined) return new Fault('invalid_reason', `has a reason that is none of ${REASONS}`);
  return { address, reason };
}
