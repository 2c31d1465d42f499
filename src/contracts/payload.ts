/** What one stream message carries with `NATS_PAYLOAD=inline`: everything that an external sender needs. */
export interface InlinePayload {
  uuid: string;
  email: string;
  subject: string;
  body: string;
  topic_id: string;
  message_id: string;
  text?: string;
  /** A bare address, or a name and an address in angle brackets. */
  from?: string;
  reply_to?: string;
  headers?: Record<string, string>;
  tags?: Record<string, string>;
}

/** What it carries with `NATS_PAYLOAD=reference`: our sender loads the rest from the ledger. */
export interface ReferencePayload {
  uuid: string;
  message_id: string;
}

export type Payload = InlinePayload | ReferencePayload;

export function isReference(payload: Payload): payload is ReferencePayload {
  return !('body' in payload);
}

export type PayloadFormat = 'msgpack' | 'json';

/** Raised when a field changes its meaning; a consumer naks a version that it does not know. */
export const PAYLOAD_VERSION = '1';

export const PAYLOAD_VERSION_HEADER = 'Payload-Version';
export const CONTENT_TYPE_HEADER = 'Content-Type';
/** How often this email was wanted in the stream: ours reads it to tell an old message from a current one. */
export const GENERATION_HEADER = 'Generation';

export const CONTENT_TYPES: Readonly<Record<PayloadFormat, string>> = {
  msgpack: 'application/vnd.msgpack',
  json: 'application/json',
};

/** `Nats-Msg-Id`: a republish of one generation within the duplicate window is not stored twice. */
export function messageIdOf(emailId: string, generation: number): string {
  return `${emailId}:${generation}`;
}
