import { createHash } from 'node:crypto';
import { formatId } from '../contracts/ids.js';

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

/** The key of an event: the same fact has the same, by whichever message and however often it comes. A UUIDv8 (RFC 9562). */
export function eventId({ emailId, type, identity }: Pick<EmailEvent, 'emailId' | 'type' | 'identity'>): string {
  const hash = createHash('sha256').update(`${emailId}\n${type}\n${identity}`).digest().subarray(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return formatId(hash);
}
