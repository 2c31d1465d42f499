import { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { domainToASCII } from 'node:url';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { Mailbox, type ReceivedMail } from './mailbox.js';

export interface SmtpReply {
  status: number;
  text: string;
}

export interface SmtpSinkOptions {
  /** 0 takes any free port. */
  port?: number;
  /** Folder for one file per mail; without it nothing is written. */
  mailboxDir?: string;
  /** Whether `mails` and `waitFor` remember what came; off for a process that runs for long. */
  isRemembering?: boolean;
  /** Time from the end of the message to the reply. */
  delayMs?: number;
  /** Takes each mail that is not refused; the reply waits for it. */
  keep?: (mail: ReceivedMail) => Promise<void>;
  /** Answers instead of 250; a mail that is refused is neither written nor remembered. */
  respond?: (mail: ReceivedMail) => SmtpReply | undefined;
}

interface Waiter {
  predicate: (mail: ReceivedMail) => boolean;
  resolve: (mail: ReceivedMail) => void;
}

const CLOSE_TIMEOUT_MS = 1_000;

/** An SMTP server on 127.0.0.1 that accepts everything and sends nothing on. */
export class SmtpSink {
  readonly mails: ReceivedMail[] = [];
  private readonly server: SMTPServer;
  private readonly mailbox?: Mailbox;
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly options: SmtpSinkOptions = {}) {
    if (options.mailboxDir) this.mailbox = new Mailbox(options.mailboxDir);
    this.server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: CLOSE_TIMEOUT_MS,
      onData: (stream, session, callback) => {
        this.receive(stream, session).then((reply) => {
          if (reply) callback(Object.assign(new Error(reply.text), { responseCode: reply.status }));
          else callback(null);
        }, callback);
      },
    });
    // A client that vanishes is no fault of the sink's, and an 'error' that nobody listens to ends the process.
    this.server.on('error', () => undefined);
  }

  /** Resolves to the port. */
  async listen(): Promise<number> {
    await this.mailbox?.open();
    return new Promise((resolve, reject) => {
      this.server.server.once('error', reject);
      this.server.listen(this.options.port ?? 0, '127.0.0.1', () => {
        resolve((this.server.server.address() as AddressInfo).port);
      });
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  /** The first mail that matches, of those that came and those that will. */
  async waitFor(predicate: (mail: ReceivedMail) => boolean, timeoutMs: number): Promise<ReceivedMail> {
    const known = this.mails.find(predicate);
    if (known) return known;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        reject(new Error(`no such mail within ${timeoutMs} ms; ${this.mails.length} others came`));
      }, timeoutMs);
      const waiter: Waiter = {
        predicate,
        resolve: (mail) => {
          clearTimeout(timer);
          resolve(mail);
        },
      };
      this.waiters.add(waiter);
    });
  }

  private async receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<SmtpReply | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const { mailFrom, rcptTo } = session.envelope;
    const mail: ReceivedMail = {
      from: mailFrom ? asOnTheWire(mailFrom.address) : '',
      to: rcptTo.map(({ address }) => asOnTheWire(address)),
      raw: Buffer.concat(chunks),
      receivedAt: new Date(),
    };
    if (this.options.delayMs) await delay(this.options.delayMs);
    const refusal = this.options.respond?.(mail);
    if (refusal) return refusal;
    await this.mailbox?.deliver(mail);
    await this.options.keep?.(mail);
    if (this.options.isRemembering !== false) this.remember(mail);
    return undefined;
  }

  // Each waiter sees each mail once, so the cost of a mail does not grow with the mails before it.
  private remember(mail: ReceivedMail): void {
    this.mails.push(mail);
    for (const waiter of this.waiters) {
      if (!waiter.predicate(mail)) continue;
      this.waiters.delete(waiter);
      waiter.resolve(mail);
    }
  }
}

// smtp-server decodes punycode labels; the other labels keep their case.
function asOnTheWire(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  const labels = address.slice(at).split('.');
  return address.slice(0, at) + labels.map((label) => (/[^ -~]/.test(label) ? domainToASCII(label) : label)).join('.');
}
