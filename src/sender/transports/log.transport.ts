import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../runtime/atomic-file.js';
import { composeMime } from './mime.js';
import { type Accepted, type Mail, type Transport, TransportError } from './transport.js';

/** Writes each mail to a folder instead of sending it: for trying things out, never for a real campaign. */
export class LogTransport implements Transport {
  readonly name = 'log';
  private readonly inFlight = new Set<Promise<Accepted>>();
  private isClosed = false;

  constructor(private readonly mailboxDir: string) {}

  async send(mail: Mail): Promise<Accepted> {
    if (this.isClosed) throw new TransportError('unavailable', 'log; the transport is closed');
    const writing = this.write(mail);
    this.inFlight.add(writing);
    try {
      return await writing;
    } finally {
      this.inFlight.delete(writing);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.inFlight);
  }

  private async write(mail: Mail): Promise<Accepted> {
    const { envelope, raw } = await composeMime(mail);
    // The random part keeps a second delivery of the same email visible instead of overwriting the first.
    const name = `${mail.id.replace(/[^\w-]/g, '_')}-${randomBytes(4).toString('hex')}.eml`;
    const head = `X-Envelope-From: ${envelope.from}\r\nX-Envelope-To: ${envelope.to}\r\n`;
    try {
      await mkdir(this.mailboxDir, { recursive: true });
      await writeAtomically(join(this.mailboxDir, name), Buffer.concat([Buffer.from(head), raw]));
    } catch (error) {
      throw new TransportError('unavailable', `log; ${(error as Error).message}`, { cause: error });
    }
    return { providerMessageId: name };
  }
}
