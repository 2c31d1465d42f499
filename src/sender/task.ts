import { decodePayload } from '../compose/payload.js';
import { isId } from '../contracts/ids.js';
import {
  CONTENT_TYPE_HEADER,
  GENERATION_HEADER,
  type Payload,
  PAYLOAD_VERSION,
  PAYLOAD_VERSION_HEADER,
} from '../contracts/payload.js';
import type { Delivery } from '../jetstream/consumer.js';

/** A delivery, read: what is to be done about which email. */
export interface Task {
  readonly id: string;
  readonly generation: number;
  readonly payload: Payload;
  readonly delivery: Delivery;
}

/** A later version's, which another sender can read. */
export class UnknownVersionError extends Error {}

/** Throws on a delivery that cannot be read: damaged, or without an id; `UnknownVersionError` on one of another version. */
export function taskOf(delivery: Delivery): Task {
  const { headers } = delivery;
  const version = headers.get(PAYLOAD_VERSION_HEADER);
  if (version === '') throw new TypeError(`no ${PAYLOAD_VERSION_HEADER}`);
  if (version !== PAYLOAD_VERSION) throw new UnknownVersionError(`the unknown payload version "${version}"`);
  const payload = decodePayload(headers.get(CONTENT_TYPE_HEADER), delivery.payload);
  // One that is no id would make the statement fail that claims it together with others.
  if (!isId(payload.uuid)) throw new TypeError('the "uuid" is no id');
  return { id: payload.uuid, generation: Number(headers.get(GENERATION_HEADER)), payload, delivery };
}
