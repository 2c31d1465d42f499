import { hash } from 'node:crypto';

/** A fact about one email, whoever reported it. */
export interface EmailEvent {
  emailId: string;
  /** One of contracts/event-types.ts, or one that a provider has added since. */
  type: string;
  occurredAt: Date;
  /** What makes two reports the same fact, beside email and type. */
  identity: string;
  /** Of an Open or Click: whether a program did it. */
  isMachine: boolean | null;
  /** The addresses that the event names; a suppression needs the email's to be among them. */
  recipients: readonly string[];
  /** Of a Bounce. */
  bounce: 'permanent' | 'transient' | null;
  /** Why the email has the state that the event gives it. */
  reason: string | null;
  providerMessageId: string | null;
  detail: Record<string, unknown> | null;
  raw: unknown;
  /** Only of what our own pixel and links report. */
  fetched?: Fetched;
}

export interface Fetched {
  /**
   * Anybody could have asked for it: no signature says that whoever did holds the mail. It counts, but raises no state
   * that would keep the mail from being sent; the ids of a message's other recipients are easily guessed.
   */
  isForgeable: boolean;
}

/** RFC 9562: the two upper bits of the digit are 10. */
const VARIANTS = '89ab';

/** The key of an event: the same fact has the same, by whichever message and however often it comes. A UUIDv8 (RFC 9562). */
export function eventId({ emailId, type, identity }: Pick<EmailEvent, 'emailId' | 'type' | 'identity'>): string {
  const hex = hash('sha256', `${emailId}\n${type}\n${identity}`, 'hex');
  const variant = VARIANTS[parseInt(hex[16], 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
