import { parseAddress } from '../../contracts/address.js';
import { refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';
import { CONTROL, LONE_SURROGATE, tooLong } from './text.js';

const MAX_NAME_CODE_POINTS = 100;

/** A name in quotes or without them, and an address in angle brackets. */
const NAMED = /^(?:"([^"]*)" *|([^"<>]*))<([^<>]*)>$/;
/** What would end the name, escape its end, or turn what is shown around (bidirectional controls). */
const FORBIDDEN = /["\\<>\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
/** RFC 5322, 3.2.3: a name with one of these stands in quotes. */
const SPECIAL = /[()[\]:;@,.]/;

/**
 * One mailbox, `address` or `Name <address>`, in the one form in which it is stored: it can be read in no other way, as
 * two mailboxes, a group or a comment.
 */
export function parseMailbox(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'string') return refuse(context, 'invalid_type', 'must be a string');
  const text = raw.length > 1_000 ? '' : raw.trim();
  const [, quoted, bare, inBrackets] = NAMED.exec(text) ?? [];
  const name = (quoted ?? bare ?? '').trim();
  const { address } = parseAddress(inBrackets ?? text);
  if (address === undefined) return refuse(context, 'invalid_email', 'must be an address, or "Name <address>"');
  if (CONTROL.test(raw) || FORBIDDEN.test(name) || LONE_SURROGATE.test(name)) {
    return refuse(context, 'invalid_characters', 'has a name with quotes, backslashes or control characters');
  }
  if (tooLong(name, MAX_NAME_CODE_POINTS)) {
    return refuse(context, 'too_long', `has a name of more than ${MAX_NAME_CODE_POINTS} characters`);
  }
  if (name === '') return address;
  return SPECIAL.test(name) ? `"${name}" <${address}>` : `${name} <${address}>`;
}

/** The address in a parsed mailbox. */
export function addressIn(mailbox: string): string {
  return mailbox.endsWith('>') ? mailbox.slice(mailbox.lastIndexOf('<') + 1, -1) : mailbox;
}
