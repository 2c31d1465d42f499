import { domainToASCII } from 'node:url';

/**
 * The grammar of a recipient, narrower than RFC 5322 on purpose: what SES and SMTP without SMTPUTF8 can deliver, and
 * nothing that could end up as a header, a comment or a second recipient. ASCII dot-atom, `@`, a domain with a dot.
 */
export const MAX_ADDRESS_CHARACTERS = 254;
const MAX_LOCAL_CHARACTERS = 64;

/** What stands in place of an address once its person was erased. */
export const ERASED_ADDRESS = '';

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LOCAL = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`);
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/** The last label has a letter: without it the "domain" is an IPv4 address. */
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)+(?![0-9]+$)${LABEL}$`);

/**
 * What almost every address looks like; one match instead of two matches, a folding of case and three copies, which is
 * half of the time that 100,000 recipients take. Only for short ones, whose labels cannot be too long.
 */
const PLAIN = new RegExp(`^${ATOM}(?:\\.${ATOM})*@(?:[a-z0-9]+(?:-+[a-z0-9]+)*\\.)+[a-z]+$`);
const MAX_PLAIN_DOMAIN_CHARACTERS = 63;

/**
 * An international domain before it becomes punycode: letters, marks and digits. UTS 46 would map much else to nothing
 * or to a dot, so that a domain with an invisible character in it became a valid one.
 */
const INTERNATIONAL_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u;
const ASCII = /^[\0-\x7f]*$/;

export type AddressFault = 'empty' | 'too_long' | 'no_at' | 'local_part' | 'domain';

export type ParsedAddress = { address: string; fault?: undefined } | { address?: undefined; fault: AddressFault };

/** Surrounding spaces go, and only spaces; the domain becomes lower-case ASCII; the local part stays as it is. */
export function parseAddress(text: string): ParsedAddress {
  return isPlain(text) ? { address: text } : parseAnyAddress(text);
}

function isPlain(text: string): boolean {
  const at = text.indexOf('@');
  return at <= MAX_LOCAL_CHARACTERS && text.length - at - 1 <= MAX_PLAIN_DOMAIN_CHARACTERS && PLAIN.test(text);
}

function parseAnyAddress(text: string): ParsedAddress {
  const trimmed = trimSpaces(text);
  if (trimmed === '') return { fault: 'empty' };
  // Before any regular expression sees it. An IDN grows in punycode, so the result is measured again.
  if (trimmed.length > MAX_ADDRESS_CHARACTERS) return { fault: 'too_long' };
  const at = trimmed.indexOf('@');
  if (at === -1) return { fault: 'no_at' };
  if (at > MAX_LOCAL_CHARACTERS || !LOCAL.test(trimmed.slice(0, at))) return { fault: 'local_part' };
  const given = trimmed.slice(at + 1);
  const domain = ASCII.test(given) ? given.toLowerCase() : punycode(given);
  if (!DOMAIN.test(domain)) return { fault: 'domain' };
  const address = domain === given ? trimmed : `${trimmed.slice(0, at)}@${domain}`;
  return address.length > MAX_ADDRESS_CHARACTERS ? { fault: 'too_long' } : { address };
}

/** The empty string where it is not a domain name. */
function punycode(domain: string): string {
  return INTERNATIONAL_DOMAIN.test(domain) ? domainToASCII(domain) : '';
}

/** `String.trim` would also take line breaks and tabs, and so make a header injection valid. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) === 0x20) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
