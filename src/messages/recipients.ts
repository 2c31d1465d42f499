import { parseAddress, type AddressFault } from '../contracts/address.js';
import type { FieldError } from '../runtime/errors.js';
import { NO_CHOICE, readTrackingChoice } from './recipient-tracking.js';

/** The position of an element of `emails` that has no recipient, because it was refused. */
export const NO_RECIPIENT = -1;

/**
 * The recipients of one message. Two flat arrays instead of an object per element: a submission may have 100,000.
 */
export class Recipients {
  constructor(
    /** Distinct and normalized, in the order of their first appearance. */
    readonly addresses: readonly string[],
    /** Per element of `emails`: its index in `addresses`, or NO_RECIPIENT. */
    readonly positions: Int32Array,
    /** The elements that were left out, with pointers; only ever filled for `handling=lenient`. */
    readonly rejected: readonly FieldError[],
    /** Per address what it says of its tracking (recipient-tracking.ts); null where none says anything. */
    readonly tracking: Uint8Array | null = null,
  ) {}

  /** Elements whose address had come before. */
  get duplicates(): number {
    return this.positions.length - this.rejected.length - this.addresses.length;
  }
}

const FAULTS: Readonly<Record<AddressFault, string>> = {
  empty: 'is empty',
  too_long: 'is longer than 254 characters',
  no_at: 'has no @',
  local_part: 'has a part before the @ that is not 1 to 64 plain characters',
  domain: 'has a domain that is not valid',
};

const MEMBERS_OF_AN_ELEMENT = new Set(['email', 'track_opens', 'track_clicks']);

/**
 * One pass over `emails`, whose elements are addresses or objects `{ email, track_opens, track_clicks }`. Duplicates
 * merge: the domain counts without case, the local part exactly; one that asks for other tracking than its first is
 * refused, as nobody could say which holds. Refused elements end up in `rejected`; the caller decides what that means.
 */
export function readRecipients(elements: readonly unknown[], pointer: string): Recipients {
  const indexes = new Map<string, number>();
  const positions = new Int32Array(elements.length);
  const rejected: FieldError[] = [];
  let tracking: Uint8Array | null = null;
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    const text = typeof element === 'string' ? element : emailOf(element);
    const { address, fault } = typeof text === 'string' ? parseAddress(text) : { fault: undefined };
    if (address === undefined) {
      positions[i] = NO_RECIPIENT;
      rejected.push(rejection(element, fault, `${pointer}/${i}`));
      continue;
    }
    const choice = typeof element === 'string' ? NO_CHOICE : readTrackingChoice(element as object, `${pointer}/${i}`);
    const known = indexes.get(address);
    const isConflict = known !== undefined && choice !== (tracking?.[known] ?? NO_CHOICE);
    if (typeof choice === 'object' || isConflict) {
      positions[i] = NO_RECIPIENT;
      rejected.push(typeof choice === 'object' ? choice : conflict(`${pointer}/${i}`));
      continue;
    }
    positions[i] = known ?? indexes.size;
    if (known !== undefined) continue;
    if (choice !== NO_CHOICE) (tracking ??= new Uint8Array(elements.length))[indexes.size] = choice;
    indexes.set(address, indexes.size);
  }
  return new Recipients([...indexes.keys()], positions, rejected, tracking);
}

function conflict(pointer: string): FieldError {
  return { pointer, code: 'conflicting_duplicate', detail: 'is an address given before with other tracking' };
}

/** The address of the object form; undefined where it has none, or has members that are not known yet. */
function emailOf(element: unknown): unknown {
  if (typeof element !== 'object' || element === null || !('email' in element)) return undefined;
  return Object.keys(element).every((name) => MEMBERS_OF_AN_ELEMENT.has(name)) ? element.email : undefined;
}

function rejection(element: unknown, fault: AddressFault | undefined, pointer: string): FieldError {
  if (fault !== undefined) return { pointer, code: 'invalid_email', detail: FAULTS[fault] };
  const names = typeof element === 'object' && element !== null && !Array.isArray(element) ? Object.keys(element) : [];
  const unknown = names.find((name) => !MEMBERS_OF_AN_ELEMENT.has(name));
  if (unknown === undefined)
    return { pointer, code: 'invalid_type', detail: 'must be an address, or an object with one in "email"' };
  const known = [...MEMBERS_OF_AN_ELEMENT].map((name) => `"${name}"`).join(', ');
  return { pointer, code: 'unknown_field', detail: `has members that are not known; an element takes ${known}` };
}
