/** One email for one recipient, composed: nothing is substituted or looked up after this point. */
export interface Mail {
  /** Our email id: the stem of the Message-ID, so that a repeated send can be recognised as one. */
  id: string;
  /** Empty when the message belongs to no topic. */
  topicId: string;
  /** The submission element that this email was made from. */
  messageId: string;
  /** `Name <address>` or a bare address. */
  from: string;
  /** A bare address; becomes the envelope recipient byte for byte. */
  to: string;
  subject: string;
  html: string;
  text?: string;
  /** One mailbox, as `from`. */
  replyTo?: string;
  /** In addition to those that the transport writes; names and values are ASCII without line breaks. */
  headers?: Readonly<Record<string, string>>;
  /** For the provider's statistics; SMTP has no place for them. */
  tags?: Readonly<Record<string, string>>;
}

export interface Accepted {
  providerMessageId: string;
}

/**
 * What a failure means for the email and for everybody else's.
 *
 * | kind        | was it sent? | uses up an attempt | what the sender does              |
 * |-------------|--------------|--------------------|-----------------------------------|
 * | permanent   | no           | yes                | fails the email                   |
 * | temporary   | no           | yes                | tries this email later            |
 * | throttled   | no           | no                 | slows down                        |
 * | unavailable | no           | no                 | pauses all sending                |
 * | ambiguous   | perhaps      | yes                | marks it uncertain (see policy)   |
 */
export type FailureKind = 'permanent' | 'temporary' | 'throttled' | 'unavailable' | 'ambiguous';

const REASON_MAX_CHARS = 500;

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly reason: string;

  constructor(
    readonly kind: FailureKind,
    reason: string,
    options?: ErrorOptions,
  ) {
    const line = toLine(reason);
    super(line, options);
    this.reason = line;
  }
}

/** `send` throws nothing but a TransportError. `close` refuses new mail, waits for what is in flight, then disconnects. */
export interface Transport {
  readonly name: string;
  send(mail: Mail): Promise<Accepted>;
  close(): Promise<void>;
}

/** The transport that this process was configured with. */
export const TRANSPORT = Symbol('TRANSPORT');

// A reason comes from somebody else's server and goes into logs, columns and JSON.
function toLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, REASON_MAX_CHARS)
    .replace(/[\ud800-\udbff]$/, '');
}
