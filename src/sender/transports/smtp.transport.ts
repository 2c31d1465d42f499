import { type Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { composeMime } from './mime.js';
import { classifySmtpFailure, type SmtpPhase } from './smtp-failure.js';
import { type Accepted, type Mail, type Transport, TransportError } from './transport.js';

export interface SmtpTransportOptions {
  /** `smtp://user:pass@host:port`, or `smtps://` for TLS from the first byte. */
  url: string;
  /** Connections to the provider; as many as the sender claims at once, so that no claimed mail waits in the pool's queue. */
  maxConnections: number;
  /** For tests; the defaults are what production needs. */
  timeouts?: Partial<SmtpTimeouts>;
}

interface SmtpTimeouts {
  connectionMs: number;
  greetingMs: number;
  socketMs: number;
}

const TIMEOUTS: SmtpTimeouts = {
  // DNS, connect and TLS together take well under a second on a path that works; a longer wait only delays the pause.
  connectionMs: 10_000,
  // Servers that make clients wait on purpose (tarpits) do so for up to about five seconds.
  greetingMs: 10_000,
  // Silence after the message makes it ambiguous, so this is generous. A claim is renewed meanwhile; a shutdown
  // ends sooner (runtime/hard-exit.ts), and then the sweep of the claim decides.
  socketMs: 30_000,
};

/** A reconnect costs about three round trips (more with TLS), so a hundredth of that per mail; providers cut longer sessions. */
const MAX_MESSAGES_PER_CONNECTION = 100;

/** nodemailer itself repeats a mail of which no byte was sent, when a pooled connection turns out to be dead. Twice will do. */
const MAX_REQUEUES = 2;

/** The content stream that nodemailer asked for; it does so once a session is ready, and reads it only after the server's 354. */
interface Attempt {
  content?: Readable;
}

export class SmtpTransport implements Transport {
  readonly name = 'smtp';
  private readonly pool;
  /** By the envelope object, the one thing that survives nodemailer's copy of the options. */
  private readonly attempts = new WeakMap<object, Attempt>();
  private readonly inFlight = new Set<Promise<Accepted>>();
  private isClosed = false;

  constructor({ url, maxConnections, timeouts }: SmtpTransportOptions) {
    const { connectionMs, greetingMs, socketMs } = { ...TIMEOUTS, ...timeouts };
    this.pool = createTransport({
      url,
      pool: true,
      maxConnections,
      maxMessages: MAX_MESSAGES_PER_CONNECTION,
      maxRequeues: MAX_REQUEUES,
      connectionTimeout: connectionMs,
      dnsTimeout: connectionMs,
      greetingTimeout: greetingMs,
      socketTimeout: socketMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    this.pool.use('stream', ({ data, message }, done) => {
      const envelope = data.envelope as { to: string };
      // nodemailer lower-cases the domain; the recipient is sent as it is stored.
      message.getEnvelope().to = [envelope.to];
      const attempt = this.attempts.get(envelope);
      message.processFunc((content) => {
        if (attempt) attempt.content = content;
        return content;
      });
      done();
    });
  }

  async send(mail: Mail): Promise<Accepted> {
    if (this.isClosed) throw new TransportError('unavailable', 'smtp; the transport is closed');
    const sending = this.deliver(mail);
    this.inFlight.add(sending);
    try {
      return await sending;
    } finally {
      this.inFlight.delete(sending);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.inFlight);
    this.pool.close();
  }

  private async deliver(mail: Mail): Promise<Accepted> {
    const { envelope, messageId, raw } = await composeMime(mail);
    const attempt: Attempt = {};
    this.attempts.set(envelope, attempt);
    try {
      const { serverMessageId } = await this.pool.sendMail({ envelope, raw });
      return { providerMessageId: bareId(serverMessageId ?? messageId) };
    } catch (error) {
      throw classifySmtpFailure(error, phaseOf(attempt));
    }
  }
}

function phaseOf({ content }: Attempt): SmtpPhase {
  if (!content) return 'session';
  return content.readableDidRead ? 'body' : 'envelope';
}

/** SES names a mail in its events by the local part alone; other servers know the whole Message-ID. */
function bareId(messageId: string): string {
  return messageId.replace(/^<|>$/g, '').replace(/@[\w-]+\.amazonses\.com$/, '');
}
