import { type HeaderLines, simpleParser } from 'mailparser';
import type { MailHeader } from './ses-events.js';

export interface MailContent {
  subject: string;
  html: string | null;
  text: string | null;
  headers: readonly MailHeader[];
}

export interface NewMail {
  /** What SES answered; SMTP servers name a mail to themselves only. */
  providerMessageId: string | null;
  from: string;
  to: readonly string[];
  tags: Readonly<Record<string, readonly string[]>>;
  receivedAt: Date;
  /** A message as it came over SMTP is taken apart when somebody looks at it. */
  content: MailContent | Buffer;
}

export interface StoredMail extends NewMail {
  id: number;
}

export interface Page {
  mails: StoredMail[];
  /** For `before` of the next page; null on the last. */
  nextBefore: number | null;
}

/** What a run of days may keep; the oldest make room. */
const MAX_MAILS = 50_000;
const MAX_BYTES = 256 * 1024 * 1024;

/** The mails of this run, in memory. */
export class MailStore {
  private readonly mails = new Map<number, StoredMail>();
  private sequence = 0;
  private bytes = 0;

  constructor(private readonly limits = { mails: MAX_MAILS, bytes: MAX_BYTES }) {}

  /** All that came, also what has made room or was deleted. */
  get received(): number {
    return this.sequence;
  }

  get size(): number {
    return this.mails.size;
  }

  add(mail: NewMail): StoredMail {
    const stored = { ...mail, id: ++this.sequence };
    this.mails.set(stored.id, stored);
    this.bytes += sizeOf(stored);
    for (const oldest of this.mails.values()) {
      if (this.mails.size <= this.limits.mails && this.bytes <= this.limits.bytes) break;
      this.mails.delete(oldest.id);
      this.bytes -= sizeOf(oldest);
    }
    return stored;
  }

  get(id: number): StoredMail | undefined {
    return this.mails.get(id);
  }

  /** Newest first. */
  page({ before = Infinity, limit, to }: { before?: number; limit: number; to?: string }): Page {
    const found: StoredMail[] = [];
    for (let id = Math.min(before - 1, this.sequence); id > 0 && found.length <= limit; id--) {
      const mail = this.mails.get(id);
      if (mail && (to === undefined || mail.to.includes(to))) found.push(mail);
    }
    const mails = found.slice(0, limit);
    return { mails, nextBefore: found.length > limit ? mails[limit - 1].id : null };
  }

  clear(): void {
    this.mails.clear();
    this.bytes = 0;
  }
}

export async function contentOf({ content }: NewMail): Promise<MailContent> {
  return Buffer.isBuffer(content) ? parseContent(content) : content;
}

export async function parseContent(raw: Buffer): Promise<MailContent> {
  const { subject, html, text, headerLines } = await simpleParser(raw, { skipImageLinks: true, skipTextToHtml: true });
  return { subject: subject ?? '', html: html || null, text: text ?? null, headers: headerLines.map(toHeader) };
}

function toHeader({ line }: HeaderLines[number]): MailHeader {
  const colon = line.indexOf(':');
  return {
    name: line.slice(0, colon),
    value: line
      .slice(colon + 1)
      .replace(/\r?\n/g, '')
      .trim(),
  };
}

function sizeOf({ content }: NewMail): number {
  if (Buffer.isBuffer(content)) return content.length;
  return (content.html?.length ?? 0) + (content.text?.length ?? 0);
}
