import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../src/runtime/atomic-file.js';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** The message as it arrived, dots unstuffed. */
  raw: Buffer;
  receivedAt: Date;
}

/** A folder with one `<time>-<seq>-<recipient>.eml` per mail, so that a listing is in order of arrival. */
export class Mailbox {
  private sequence = 0;

  constructor(private readonly dir: string) {}

  async open(): Promise<void> {
    await mkdir(this.dir, { recursive: true });
  }

  async deliver({ from, to, raw, receivedAt }: ReceivedMail): Promise<string> {
    const time = receivedAt.toISOString().replace(/[:.]/g, '-');
    const sequence = String(++this.sequence).padStart(7, '0');
    const recipient = (to[0] ?? '').replace(/[^\w.@+-]/g, '_').slice(0, 80);
    const path = join(this.dir, `${time}-${sequence}-${recipient}.eml`);
    const envelope = `X-Envelope-From: ${from}\r\nX-Envelope-To: ${to.join(', ')}\r\n`;
    await writeAtomically(path, Buffer.concat([Buffer.from(envelope), raw]));
    return path;
  }
}
