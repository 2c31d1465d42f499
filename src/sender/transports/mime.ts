import MailComposer from 'nodemailer/lib/mail-composer';
import { foldLines } from 'nodemailer/lib/mime-funcs';
import { checkMail } from './checked-mail.js';
import { headerText } from './header-text.js';
import { mailboxText } from './mailbox.js';
import { type Mail } from './transport.js';

export interface Message {
  envelope: { from: string; to: string };
  messageId: string;
  raw: Buffer;
}

/**
 * The one place where a mail becomes MIME, so that every transport sends the same bytes. nodemailer composes the body and
 * the headers that describe it; all that carries somebody's text is written here, for nodemailer mends addresses, sorts
 * out header names and drops what it does not like.
 */
export async function composeMime(mail: Mail): Promise<Message> {
  const { from, replyTo, headers } = checkMail(mail);
  const texts: [string, string][] = [
    ['From', mailboxText(from)],
    ['To', mail.to],
    ...(replyTo === null ? [] : [['Reply-To', mailboxText(replyTo)] as [string, string]]),
    ['Subject', headerText(mail.subject)],
  ];
  const lines = [
    ...texts.map(([name, text]) => foldLines(`${name}: ${text}`)),
    // Not folded, so that values arrive as they are.
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  // Stable over repeats: a receiver that got the same email twice can see that it is one (RFC 5322 3.6.4).
  const messageId = `<${mail.id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`;
  const composer = new MailComposer({
    html: mail.html,
    ...(mail.text === undefined ? {} : { text: mail.text }),
    messageId,
    newline: 'windows',
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const body = await composer.compile().build();
  const raw = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'), body]);
  return { envelope: { from: from.address, to: mail.to }, messageId, raw };
}
