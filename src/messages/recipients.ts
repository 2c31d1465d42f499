import type { Variables } from '../compose/variables.js';
import { parseAddress, type AddressFault } from '../contracts/address.js';
import { Refused } from '../http/parsed.decorator.js';
import type { FieldError } from '../runtime/errors.js';
import type { Fault } from './dto/name-value-map.js';
import { NO_CHOICE, readTrackingChoice } from './recipient-tracking.js';
import { areSame, readVariables } from './recipient-variables.js';

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
    /** Per address its own variables; null where none has any. */
    readonly variables: readonly (Variables | null)[] | null = null,
  ) {}

  /** Elements whose address had come before. */
  get duplicates(): number {
    return this.positions.length - this.rejected.length - this.addresses.length;
  }
}

/**
 * Without the addresses that have a fault, by their index: each of their elements is rejected, in its place among those that
 * were before.
 */
export function reject(recipients: Recipients, faults: ReadonlyMap<number, Fault>, pointer: string): Recipients {
  const indexes = new Map<number, number>();
  const kept = recipients.addresses.flatMap((_, index) => {
    if (faults.has(index)) return [];
    indexes.set(index, indexes.size);
    return [index];
  });
  const before = recipients.rejected.values();
  const rejected: FieldError[] = [];
  const positions = recipients.positions.map((position, element) => {
    const fault = faults.get(position);
    if (fault !== undefined) rejected.push({ pointer: `${pointer}/${element}`, ...fault });
    else if (position === NO_RECIPIENT) rejected.push(before.next().value as FieldError);
    return indexes.get(position) ?? NO_RECIPIENT;
  });
  const { addresses, tracking, variables } = recipients;
  return new Recipients(
    kept.map((index) => addresses[index]),
    positions,
    rejected,
    tracking && Uint8Array.from(kept, (index) => tracking[index]),
    variables && kept.map((index) => variables[index]),
  );
}

const FAULTS: Readonly<Record<AddressFault, string>> = {
  empty: 'is empty',
  too_long: 'is longer than 254 characters',
  no_at: 'has no @',
  local_part: 'has a part before the @ that is not 1 to 64 plain characters',
  domain: 'has a domain that is not valid',
};

const MEMBERS_OF_AN_ELEMENT = new Set(['email', 'variables', 'track_opens', 'track_clicks']);

/**
 * One pass over `emails`, whose elements are addresses or objects `{ email, variables, track_opens, track_clicks }`.
 * Duplicates merge: the domain counts without case, the local part exactly; one that asks for other tracking or has other
 * variables than its first is refused, as nobody could say which holds. Refused elements end up in `rejected`; the caller
 * decides what that means.
 */
export function readRecipients(elements: readonly unknown[], pointer: string): Recipients {
  const indexes = new Map<string, number>();
  const positions = new Int32Array(elements.length);
  const rejected: FieldError[] = [];
  let tracking: Uint8Array | null = null;
  let variables: (Variables | null)[] | null = null;
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    const text = typeof element === 'string' ? element : emailOf(element);
    const { address, fault } = typeof text === 'string' ? parseAddress(text) : { fault: undefined };
    if (address === undefined) {
      positions[i] = NO_RECIPIENT;
      rejected.push(rejection(element, fault, `${pointer}/${i}`));
      continue;
    }
    const wish = typeof element === 'string' ? NO_WISH : readWish(element as object, `${pointer}/${i}`);
    const known = indexes.get(address);
    if (wish instanceof Refused) {
      positions[i] = NO_RECIPIENT;
      rejected.push(wish.errors[0]);
      continue;
    }
    if (known === undefined) {
      const index = indexes.size;
      positions[i] = index;
      if (wish.tracking !== NO_CHOICE) (tracking ??= new Uint8Array(elements.length))[index] = wish.tracking;
      if (wish.variables !== null) (variables ??= Array<null>(elements.length).fill(null))[index] = wish.variables;
      indexes.set(address, index);
    } else if (
      wish.tracking === (tracking?.[known] ?? NO_CHOICE) &&
      areSame(wish.variables, variables?.[known] ?? null)
    ) {
      positions[i] = known;
    } else {
      positions[i] = NO_RECIPIENT;
      rejected.push(conflict(`${pointer}/${i}`));
    }
  }
  const addresses = [...indexes.keys()];
  return new Recipients(addresses, positions, rejected, tracking, variables && variables.slice(0, addresses.length));
}

/** What an element says besides its address. */
interface Wish {
  tracking: number;
  variables: Variables | null;
}

const NO_WISH: Wish = { tracking: NO_CHOICE, variables: null };

function readWish(element: object, pointer: string): Wish | Refused {
  const tracking = readTrackingChoice(element, pointer);
  if (typeof tracking === 'object') return new Refused([tracking]);
  const variables = 'variables' in element ? readVariables(element.variables, `${pointer}/variables`) : null;
  return variables instanceof Refused ? variables : { tracking, variables };
}

function conflict(pointer: string): FieldError {
  return {
    pointer,
    code: 'conflicting_duplicate',
    detail: 'is an address given before with other tracking or other variables',
  };
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
