import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailContent } from './mail-store.js';

/** What SES writes itself, whatever the request says. */
const WRITTEN_BY_SES = new Set(['from', 'to', 'subject', 'mime-version']);

/** The message that SES would make of a Simple request. */
export async function composeMime(
  { subject, html, text, headers }: MailContent,
  { from, to, providerMessageId }: { from: string; to: readonly string[]; providerMessageId: string },
): Promise<Buffer> {
  const composer = new MailComposer({
    from: addressparser(from).map(({ name, address }) => ({ name, address })),
    to: to.map((address) => ({ name: '', address })),
    subject,
    ...(html === null ? {} : { html }),
    ...(text === null ? {} : { text }),
    messageId: `<${providerMessageId}@email.amazonses.com>`,
    headers: headers
      .filter(({ name }) => !WRITTEN_BY_SES.has(name.toLowerCase()))
      .map(({ name, value }) => ({ key: name, value })),
    newline: 'windows',
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}
