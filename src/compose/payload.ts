import { decode as decodeMessagePack } from '@msgpack/msgpack';
import { CONTENT_TYPES, type InlinePayload } from '../contracts/payload.js';

const FIELDS = ['uuid', 'email', 'subject', 'body', 'topic_id', 'message_id'] as const;

/** Reads a payload in either format; throws on one that is damaged or lacks a field. */
export function decodePayload(contentType: string, bytes: Uint8Array): InlinePayload {
  const value: unknown =
    contentType === CONTENT_TYPES.json ? JSON.parse(Buffer.from(bytes).toString()) : decodeMessagePack(bytes);
  if (typeof value !== 'object' || value === null) throw new TypeError('the payload is not a map');
  const fields = value as Record<string, unknown>;
  for (const name of FIELDS) {
    if (typeof fields[name] !== 'string') throw new TypeError(`the payload has no text "${name}"`);
  }
  return value as InlinePayload;
}
