import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { SesConnections, type SesAttempt } from './ses-connections.js';
import { classifySesFailure } from './ses-failure.js';
import { composeSes } from './ses-message.js';
import { type Accepted, type Mail, type Transport, TransportError } from './transport.js';

export interface SesTransportOptions {
  /** Without one SES publishes no events of these mails. */
  configurationSet: string | null;
  /** What most mails come from. */
  fromEmail: string;
  /** For tests; the defaults are what production needs. */
  timeouts?: Partial<SesTimeouts>;
}

interface SesTimeouts {
  connectionMs: number;
  requestMs: number;
}

const TIMEOUTS: SesTimeouts = {
  // DNS and connect take well under a second on a path that works; a longer wait only delays the pause.
  connectionMs: 5_000,
  // SES answers in about a tenth of a second. Silence makes the mail ambiguous, so this is generous, but it must end before a
  // forced exit and the claim's lease.
  requestMs: 20_000,
};

/**
 * Region, credentials and another endpoint are found by the SDK itself, where every AWS tool finds them: AWS_REGION,
 * AWS_PROFILE, the role of the machine, AWS_ENDPOINT_URL_SESV2.
 */
export class SesTransport implements Transport {
  readonly name = 'ses';
  private readonly connections = new SesConnections();
  private readonly client: SESv2Client;
  private readonly configurationSet: string | null;
  private readonly fromEmail: string;
  private readonly requestMs: number;
  private readonly inFlight = new Set<Promise<Accepted>>();
  private isClosed = false;

  constructor({ configurationSet, fromEmail, timeouts }: SesTransportOptions) {
    const { connectionMs, requestMs } = { ...TIMEOUTS, ...timeouts };
    const { httpAgent, httpsAgent } = this.connections;
    this.configurationSet = configurationSet;
    this.fromEmail = fromEmail;
    this.requestMs = requestMs;
    this.client = new SESv2Client({
      // A retry of the SDK's would hide a possible double from the ledger, and multiply ours.
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: connectionMs,
        httpAgent,
        httpsAgent,
      },
    });
  }

  async send(mail: Mail): Promise<Accepted> {
    if (this.isClosed) throw new TransportError('unavailable', 'ses; the transport is closed');
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
    this.client.destroy();
    this.connections.close();
  }

  private async deliver(mail: Mail): Promise<Accepted> {
    const request = await composeSes(mail, this.configurationSet);
    const isUsual = mail.from === this.fromEmail && request.Content?.Simple !== undefined;
    const command = new SendEmailCommand(request);
    const attempt: SesAttempt = { phase: 'session' };
    command.middlewareStack.add((next) => (args) => this.connections.carry(attempt, () => next(args)), {
      name: 'observeConnection',
      // The last one before the connection: what comes earlier, as looking for credentials, sends nothing to SES.
      step: 'deserialize',
      priority: 'low',
    });
    // Not the handler's requestTimeout, which ends with the head of the answer and would wait for its body for ever.
    const abortSignal = AbortSignal.timeout(this.requestMs);
    try {
      const { MessageId } = await this.client.send(command, { abortSignal });
      if (MessageId) return { providerMessageId: MessageId };
    } catch (error) {
      const late = new Error(`no answer within ${this.requestMs} ms`, { cause: error });
      throw classifySesFailure(abortSignal.aborted ? late : error, attempt.phase, isUsual);
    }
    throw new TransportError('ambiguous', 'ses; accepted without a MessageId');
  }
}
