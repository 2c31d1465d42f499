import type { SendMailOptions } from 'nodemailer';
import addressparser from 'nodemailer/lib/addressparser';
import { type Mail, TransportError } from './transport.js';

export interface Mailbox {
  name: string;
  address: string;
}

/** Reads `Name <address>` or a bare address; null when it is not exactly one mailbox. */
export function parseMailbox(text: string): Mailbox | null {
  const [mailbox, ...others] = addressparser(text);
  if (!mailbox?.address?.includes('@') || others.length > 0 || /[\s<>]/.test(mailbox.address)) return null;
  return { name: mailbox.name, address: mailbox.address };
}

/**
 * The one place where a mail becomes MIME, so that every transport writes the same one. Header texts (subject, names, topic) are
 * made safe by nodemailer: line breaks become spaces and what is not ASCII is encoded.
 */
export function composeMime(mail: Mail): SendMailOptions & { envelope: { from: string; to: string } } {
  const from = parseMailbox(mail.from);
  if (!from) throw new TransportError('unavailable', 'mime; the sender address is not one mailbox');
  // nodemailer would repair such an address; then the mail would go to somebody whom nobody named.
  if (/[\p{Cc}\s<>]/u.test(mail.to)) throw new TransportError('permanent', 'mime; the recipient is not an address');
  return {
    envelope: { from: from.address, to: mail.to },
    from,
    to: { name: '', address: mail.to },
    subject: mail.subject,
    html: mail.html,
    ...(mail.text === undefined ? {} : { text: mail.text }),
    // Stable over repeats: a receiver that got the same email twice can see that it is one (RFC 5322 3.6.4).
    messageId: `<${mail.id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    headers: {
      'X-Messages-Email-ID': mail.id,
      ...(mail.topicId === '' ? {} : { 'X-Messages-Topic-ID': mail.topicId }),
    },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
