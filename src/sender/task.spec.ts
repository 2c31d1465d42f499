import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { CONTENT_TYPES } from '../contracts/payload.js';
import type { Delivery } from '../jetstream/consumer.js';
import { DeliveryHeaders } from '../jetstream/delivery-headers.js';
import { taskOf, UnknownVersionError } from './task.js';

const uuid = '01900000-0000-7000-8000-0000000000aa';

function deliveryOf(fields: object, headers: Record<string, string> = {}): Delivery {
  const all = { 'Content-Type': CONTENT_TYPES.msgpack, 'Payload-Version': '1', Generation: '2', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const payload = { uuid, email: 'a@b.cd', subject: 's', body: 'b', topic_id: '', message_id: uuid, ...fields };
  return {
    headers: new DeliveryHeaders(Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`)),
    payload: encode(payload),
  } as Delivery;
}

describe('taskOf', () => {
  it('reads which email is wanted, and how often it was', () => {
    expect(taskOf(deliveryOf({}))).toMatchObject({ id: uuid, generation: 2 });
  });

  it.each(['{1,2}', uuid.toUpperCase(), `${uuid} `, ''])('refuses "%s", which is no id', (text) => {
    expect(() => taskOf(deliveryOf({ uuid: text }))).toThrow('no id');
  });

  it('refuses what has no version at all', () => {
    expect(() => taskOf(deliveryOf({}, { 'Payload-Version': '' }))).toThrow(new TypeError('no Payload-Version'));
  });

  it('refuses a version that it does not know', () => {
    expect(() => taskOf(deliveryOf({}, { 'Payload-Version': '2' }))).toThrow(
      new UnknownVersionError('the unknown payload version "2"'),
    );
  });
});
