import { decode as decodeMessagePack, Encoder } from '@msgpack/msgpack';
import {
  CONTENT_TYPES,
  type InlinePayload,
  type Payload,
  type PayloadFormat,
  type ReferencePayload,
} from '../contracts/payload.js';
import { PackedTexts } from './packed-texts.js';

const TEXTS = ['uuid', 'email', 'subject', 'body', 'topic_id', 'message_id'] as const;
const OPTIONAL_TEXTS = ['text', 'from', 'reply_to'] as const;
const OPTIONAL_MAPS = ['headers', 'tags'] as const;

/** Keeps its buffer, which would otherwise grow by doubling anew for each mail. */
const encoder = new Encoder();

export function serialize(format: PayloadFormat, payload: InlinePayload): Buffer {
  return format === 'json' ? Buffer.from(JSON.stringify(payload)) : Buffer.from(encoder.encodeSharedRef(payload));
}

export function serializeReference(reference: ReferencePayload): Buffer {
  return Buffer.from(JSON.stringify(reference));
}

/**
 * Reads a payload in either format; throws on one that is damaged or lacks a field. One that has nothing but an id and a
 * message is a reference: both kinds may be in the stream at once, while a setting changes.
 */
export function decodePayload(contentType: string, bytes: Uint8Array): Payload {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value: unknown =
    contentType === CONTENT_TYPES.json
      ? JSON.parse(buffer.toString())
      : (new PackedTexts(buffer).read() ?? decodeMessagePack(bytes));
  if (!isMap(value)) throw new TypeError('the payload is not a map');
  if (isText(value.uuid) && isText(value.message_id) && Object.keys(value).length === 2) {
    return { uuid: value.uuid, message_id: value.message_id };
  }
  for (const name of TEXTS) {
    if (!isText(value[name])) throw new TypeError(`the payload has no text "${name}"`);
  }
  for (const name of OPTIONAL_TEXTS) {
    if (value[name] !== undefined && !isText(value[name])) throw new TypeError(`the payload's "${name}" is no text`);
  }
  for (const name of OPTIONAL_MAPS) {
    if (value[name] !== undefined && !isMapOfTexts(value[name])) {
      throw new TypeError(`the payload's "${name}" is no map of texts`);
    }
  }
  return value as unknown as InlinePayload;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMapOfTexts(value: unknown): boolean {
  return isMap(value) && Object.values(value).every(isText);
}
