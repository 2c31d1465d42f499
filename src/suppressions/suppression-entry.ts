import { type AddressFault, parseAddress } from '../contracts/address.js';
import { EMPTY_TOPIC, isTopicId } from '../contracts/topic-id.js';
import type { FieldError } from '../runtime/errors.js';
import { SUPPRESSION_REASONS, type SuppressionReason } from './suppression.entity.js';
import type { Scope } from './suppressions.repository.js';

/** What a caller adds to the list. */
export interface Entry extends Scope {
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
/** What a topic is called in a place that may also be empty, null or absent: that is all mail. */
const NO_TOPIC: readonly unknown[] = [undefined, null, ''];

/** An element of JSON: an address, or an object `{ address, reason?, topic_id? }`. */
export function readEntry(element: unknown): Entry | Fault {
  const members = readMembers(element, ['address', 'reason', 'topic_id']);
  if (members instanceof Fault) return members;
  const { address, reason = '', topic_id } = members;
  if (typeof reason !== 'string') return new Fault('invalid_type', 'must have a string in "reason"');
  return entryOf(address, reason, topic_id);
}

/** An element of JSON: an address, or an object `{ address, topic_id? }`. */
export function readScope(element: unknown): Scope | Fault {
  const members = readMembers(element, ['address', 'topic_id']);
  return members instanceof Fault ? members : scopeOf(members.address, members.topic_id);
}

/** Without a reason it was somebody's decision. */
export function entryOf(address: unknown, reasonText: string, topicId: unknown): Entry | Fault {
  const scope = scopeOf(address, topicId);
  if (scope instanceof Fault) return scope;
  const lower = reasonText.toLowerCase();
  const reason = lower === '' ? 'manual' : SUPPRESSION_REASONS.find((known) => known === lower);
  if (reason === undefined) return new Fault('invalid_reason', `has a reason that is none of ${REASONS}`);
  return { ...scope, reason };
}

export function readTopicId(text: unknown): string | Fault {
  if (NO_TOPIC.includes(text)) return EMPTY_TOPIC;
  if (typeof text === 'string' && isTopicId(text)) return text;
  return new Fault(
    'invalid_topic_id',
    'has a topic_id that is not 1 to 50 of the characters A-Z, a-z, 0-9, "_" and "-"',
  );
}

function scopeOf(addressText: unknown, topicText: unknown): Scope | Fault {
  if (typeof addressText !== 'string') return new Fault('invalid_type', 'must have a string in "address"');
  const { address, fault } = parseAddress(addressText);
  if (address === undefined) return new Fault('invalid_email', FAULTS[fault]);
  const topicId = readTopicId(topicText);
  return topicId instanceof Fault ? topicId : { address, topicId };
}

function readMembers(element: unknown, known: readonly string[]): Record<string, unknown> | Fault {
  if (typeof element === 'string') return { address: element };
  if (typeof element !== 'object' || element === null || !('address' in element)) {
    return new Fault('invalid_type', 'must be an address, or an object with one in "address"');
  }
  if (Object.keys(element).every((name) => known.includes(name))) return { ...element };
  return new Fault('unknown_field', `has members that are not known; an element takes ${known.join(', ')}`);
}
