import type { MessageHeader, MessageTag, SendEmailCommandInput } from '@aws-sdk/client-sesv2';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { type Mailbox, parseMailbox } from './mime.js';
import { type Mail, TransportError } from './transport.js';

const CHARSET = 'UTF-8';

/** RFC 2047, 2: an encoded word has at most 75 characters, of which the charset and the frame take a few. */
const ENCODED_WORD_CHARS = 52;

/**
 * The mail as SES takes it. `Content.Simple` leaves the MIME to SES: composing it costs about a millisecond of CPU per mail, and
 * SES writes its own Message-ID over ours in either case.
 */
export function composeSes(mail: Mail, configurationSet: string | null): SendEmailCommandInput {
  const from = parseMailbox(mail.from);
  if (!from) throw new TransportError('unavailable', 'ses; the sender address is not one mailbox');
  if (!isBareAddress(mail.to)) throw new TransportError('permanent', 'ses; the recipient is not an address');
  return {
    FromEmailAddress: mailboxText(from),
    Destination: { ToAddresses: [mail.to] },
    Content: {
      Simple: {
        Subject: { Data: oneLine(mail.subject), Charset: CHARSET },
        Body: {
          Html: { Data: mail.html, Charset: CHARSET },
          ...(mail.text === undefined ? {} : { Text: { Data: mail.text, Charset: CHARSET } }),
        },
        Headers: headersOf(mail),
      },
    },
    EmailTags: tagsOf(mail),
    ...(configurationSet === null ? {} : { ConfigurationSetName: configurationSet }),
  };
}

/** Feedback notifications carry no tags, so the ids stand in headers too. */
function headersOf({ id, topicId }: Mail): MessageHeader[] {
  const headers = [{ Name: 'X-Messages-Email-ID', Value: id }];
  if (topicId !== '') headers.push({ Name: 'X-Messages-Topic-ID', Value: headerText(topicId) });
  return headers;
}

/** SES refuses the whole mail for one tag outside of its characters, and for an empty one. */
function tagsOf({ id, topicId }: Mail): MessageTag[] {
  const tags = [
    { Name: 'request_id', Value: id },
    { Name: 'topic_id', Value: topicId },
  ];
  return tags.filter(({ Value }) => /^[A-Za-z0-9_-]{1,256}$/.test(Value));
}

/** SES parses the recipient, and would find two of them around a comma or a name before a bracket. */
function isBareAddress(text: string): boolean {
  return /^[^\p{Cc}\s<>()[\]\\,;:"@]+@[^\p{Cc}\s<>()[\]\\,;:"@]+$/u.test(text);
}

function mailboxText({ name, address }: Mailbox): string {
  const text = oneLine(name);
  if (text === '') return address;
  if (/^[\w ]+$/.test(text)) return `${text} <${address}>`;
  if (isPrintableAscii(text)) return `"${text.replace(/["\\]/g, '\\$&')}" <${address}>`;
  return `${headerText(text)} <${address}>`;
}

function headerText(text: string): string {
  const line = oneLine(text);
  return isPrintableAscii(line) ? line : encodeWord(line, 'B', ENCODED_WORD_CHARS);
}

function isPrintableAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
