import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailContent } from './mail-store.js';

/** What the composer writes; all other headers are taken as they were given. */
const COMPOSED = new Set(['subject', 'mime-version']);

/** The message that SES would make of a Simple request. */
export async function composeMime(
  { subject, html, text, headers }: MailContent,
  { providerMessageId }: { providerMessageId: string },
): Promise<Buffer> {
  const lines = headers
    .filter(({ name }) => !COMPOSED.has(name.toLowerCase()))
    .map(({ name, value }) => `${name}: ${value}\r\n`);
  const composer = new MailComposer({
    subject,
    ...(html === null ? {} : { html }),
    ...(text === null ? {} : { text }),
    messageId: `<${providerMessageId}@email.amazonses.com>`,
    newline: 'windows',
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return Buffer.concat([Buffer.from(lines.join('')), await composer.compile().build()]);
}
