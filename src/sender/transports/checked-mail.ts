import { isSafe } from './header-text.js';
import { isAddress, type Mailbox, parseMailbox } from './mailbox.js';
import { type Mail, TransportError } from './transport.js';

/** Of a mail, what ends up in headers, found to be harmless. */
export interface CheckedMail {
  from: Mailbox;
  replyTo: Mailbox | null;
  /** Ours and the caller's; the names differ, also without case. */
  headers: readonly (readonly [name: string, value: string])[];
}

/** RFC 5322, 3.6.8, as narrow as RFC 9110's tokens. */
const NAME = /^[A-Za-z0-9][\w!#$%&'*+.^`|~-]{0,125}$/;
/** Surrounding spaces belong to no value (RFC 5322, 2.2), so they would get lost. */
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;
/** RFC 5322, 2.1.1: a line has 998 characters, and values are not folded, so that they arrive as they are. */
const MAX_LINE_CHARACTERS = 998;
const SEPARATOR_CHARACTERS = ': '.length;

/** What a transport or the provider writes, or takes as an instruction: who gets the mail, how it is read, our ids. */
const TAKEN =
  /^(?:from|sender|to|cc|bcc|reply-to|return-path|subject|date|message-id|mime-version|received|dkim-signature|content-.*|resent-.*|x-ses-.*|x-messages-.*)$/i;

/**
 * The last look before a mail leaves us. Acceptance has refused all of this long before, with a better explanation; what
 * comes through another way, such as a stream that somebody else fills, is refused too, and never mended: nobody would
 * know what was sent.
 */
export function checkMail({ id, topicId, from, to, replyTo, subject, headers = {} }: Mail): CheckedMail {
  if (!isAddress(to)) throw refusal('the recipient is not an address');
  if (!isSafe(subject)) throw refusal('the subject has a control character');
  const custom = Object.entries(headers);
  const own: [string, string][] = [['X-Messages-Email-ID', id]];
  if (topicId !== '') own.push(['X-Messages-Topic-ID', topicId]);
  const names = new Set(custom.map(([name]) => name.toLowerCase()));
  if (names.size < custom.length) throw refusal('a header stands there twice');
  for (const [name] of custom) {
    if (!NAME.test(name) || TAKEN.test(name)) throw refusal(`the header ${JSON.stringify(name)} is not allowed`);
  }
  for (const [name, value] of [...own, ...custom]) {
    const length = name.length + SEPARATOR_CHARACTERS + value.length;
    if (!VALUE.test(value)) throw refusal(`the header ${name} is not ASCII, or empty, or has surrounding spaces`);
    if (length > MAX_LINE_CHARACTERS) throw refusal(`the header ${name} is longer than a line`);
  }
  return {
    from: mailboxOf(from, 'sender'),
    replyTo: replyTo === undefined ? null : mailboxOf(replyTo, 'reply-to'),
    headers: [...own, ...custom],
  };
}

function mailboxOf(text: string, what: string): Mailbox {
  const mailbox = parseMailbox(text);
  if (!mailbox) throw refusal(`the ${what} address is not one mailbox`);
  return mailbox;
}

export function refusal(sentence: string): TransportError {
  return new TransportError('permanent', `mail; ${sentence}`);
}
