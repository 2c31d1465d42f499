import { headerText, isEncodedAlike, isPlain, isSafe } from './header-text.js';

export interface Mailbox {
  name: string;
  address: string;
}

/** Printable ASCII but what ends or begins something else in a header, an envelope or a list of SES's. */
const ATOMS = /[!#-'*+\-./0-9=?A-Z^-~]+/.source;
const ADDRESS = new RegExp(`^${ATOMS}@${ATOMS}$`);

/** A name is quoted, or has nothing in it that a quoted one would be needed for. */
const NAMED = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"\\<>()[\],;:@]*))<([^<>]*)>$/s;

/** One address as it stands in an envelope, and nothing that could be read as two. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** Reads `Name <address>`, `"Name" <address>` or a bare address; null when it is not exactly one mailbox. */
export function parseMailbox(text: string): Mailbox | null {
  if (!isSafe(text)) return null;
  const trimmed = text.trim();
  const [, quoted, plain, address] = NAMED.exec(trimmed) ?? [undefined, undefined, '', trimmed];
  const name = quoted?.replace(/\\(.)/gs, '$1') ?? plain.trim();
  return isAddress(address) ? { name, address } : null;
}

/** The mailbox in ASCII, for a header. */
export function mailboxText({ name, address }: Mailbox): string {
  if (name === '') return address;
  if (/^\w+( \w+)*$/.test(name)) return `${name} <${address}>`;
  // In quotes nothing is encoded (RFC 2047, 5), and yet most readers decode it.
  const isQuotable = isPlain(name) && !isEncodedAlike(name);
  return `${isQuotable ? `"${name.replace(/["\\]/g, '\\$&')}"` : headerText(name)} <${address}>`;
}
