import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, Faults } from './faults.js';
import { json, RESET, type Answer, type Route } from './http-server.js';
import { type OutboundEmail, readOutboundEmail } from './outbound-email.js';
import { behaviourOf } from './recipient-behaviour.js';
import type { SendingAccount } from './sending-account.js';
import { SesError } from './ses-error.js';
import { providerMessageId } from './ses-events.js';

export interface AcceptedEmail extends OutboundEmail {
  providerMessageId: string;
  receivedAt: Date;
}

export interface SesApiOptions {
  /** Keeps the mail; the answer waits for it. */
  accept: (email: AcceptedEmail) => Promise<void>;
  account: SendingAccount;
  faults: Faults;
  slowMs?: number;
}

const SLOW_MS = 3_000;

/** Throttled emails that were never tried again are forgotten, oldest first. */
const MAX_THROTTLED = 10_000;

/** The part of the SES v2 API that a sender uses. Signatures are not checked: any credentials will do. */
export class SesApi {
  private readonly throttled = new Set<string>();
  /** How often SendEmail was answered how; errors by their names. */
  readonly answers: Record<string, number> = {};

  readonly routes: readonly Route[] = [
    { method: 'POST', path: /^\/v2\/email\/outbound-emails$/, answer: ({ body }) => this.sendEmail(body) },
    { method: 'GET', path: /^\/v2\/email\/account$/, answer: () => this.getAccount() },
  ];

  constructor(private readonly options: SesApiOptions) {}

  private async sendEmail(body: Buffer): Promise<Answer> {
    try {
      const email = await readOutboundEmail(body);
      const fault = this.options.faults.next();
      if (fault === 'reset before') return this.reset(fault);
      if (fault === 'throttled') throw new SesError(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.');
      if (fault === 'rejected') throw new SesError(400, 'MessageRejected', 'Email content is invalid.');
      const answers = email.to.map((address) => behaviourOf(address).answer);
      if (answers.includes('throttle first')) this.throttle(email);
      this.options.account.take(email.to.length);
      if (answers.includes('slowly')) await delay(this.options.slowMs ?? SLOW_MS);
      const receivedAt = new Date();
      const id = providerMessageId(receivedAt);
      await this.options.accept({ ...email, providerMessageId: id, receivedAt });
      if (fault === 'reset after') return this.reset(fault);
      this.count('accepted');
      return json({ MessageId: id }, 200, requestId());
    } catch (error) {
      if (!(error instanceof SesError)) throw error;
      this.count(error.name);
      return json({ message: error.message }, error.status, { 'x-amzn-errortype': error.name, ...requestId() });
    }
  }

  private reset(fault: Fault): Answer {
    this.count(fault);
    return RESET;
  }

  private count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
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
    return json(this.options.account.describe(), 200, requestId());
  }
}

function requestId(): Record<string, string> {
  return { 'x-amzn-requestid': randomUUID() };
}
