import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { json, type Answer, type Route } from './http-server.js';
import { type OutboundEmail, readOutboundEmail } from './outbound-email.js';
import { behaviourOf } from './recipient-behaviour.js';
import { SesError } from './ses-error.js';
import { providerMessageId } from './ses-events.js';

export interface AcceptedEmail extends OutboundEmail {
  providerMessageId: string;
  receivedAt: Date;
}

export interface SesApiOptions {
  /** Keeps the mail; the answer waits for it. */
  accept: (email: AcceptedEmail) => Promise<void>;
  slowMs?: number;
}

const SLOW_MS = 3_000;

/** Above what a local run reaches; said, not enforced. */
const MAX_SEND_RATE = 1_000;
const MAX_24_HOUR_SEND = 10_000_000;

/** Throttled emails that were never tried again are forgotten, oldest first. */
const MAX_THROTTLED = 10_000;

/** The part of the SES v2 API that a sender uses. Signatures are not checked: any credentials will do. */
export class SesApi {
  private readonly throttled = new Set<string>();
  private sent = 0;

  readonly routes: readonly Route[] = [
    { method: 'POST', path: /^\/v2\/email\/outbound-emails$/, answer: ({ body }) => this.sendEmail(body) },
    { method: 'GET', path: /^\/v2\/email\/account$/, answer: () => this.getAccount() },
  ];

  constructor(private readonly options: SesApiOptions) {}

  private async sendEmail(body: Buffer): Promise<Answer> {
    try {
      const email = await readOutboundEmail(body);
      const answers = email.to.map((address) => behaviourOf(address).answer);
      if (answers.includes('throttle first')) this.throttle(email);
      if (answers.includes('slowly')) await delay(this.options.slowMs ?? SLOW_MS);
      const receivedAt = new Date();
      const id = providerMessageId(receivedAt);
      await this.options.accept({ ...email, providerMessageId: id, receivedAt });
      this.sent += 1;
      return json({ MessageId: id }, 200, requestId());
    } catch (error) {
      if (!(error instanceof SesError)) throw error;
      return json({ message: error.message }, error.status, { 'x-amzn-errortype': error.name, ...requestId() });
    }
  }

  private throttle({ tags, to }: OutboundEmail): void {
    const email = tags.request_id?.[0] ?? to.join();
    if (this.throttled.delete(email)) return;
    this.throttled.add(email);
    for (const oldest of this.throttled) {
      if (this.throttled.size <= MAX_THROTTLED) break;
      this.throttled.delete(oldest);
    }
    throw new SesError(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.');
  }

  private getAccount(): Answer {
    const account = {
      DedicatedIpAutoWarmupEnabled: false,
      EnforcementStatus: 'HEALTHY',
      ProductionAccessEnabled: true,
      SendingEnabled: true,
      SendQuota: { Max24HourSend: MAX_24_HOUR_SEND, MaxSendRate: MAX_SEND_RATE, SentLast24Hours: this.sent },
      SuppressionAttributes: { SuppressedReasons: ['BOUNCE', 'COMPLAINT'] },
    };
    return json(account, 200, requestId());
  }
}

function requestId(): Record<string, string> {
  return { 'x-amzn-requestid': randomUUID() };
}
