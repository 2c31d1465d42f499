import { headers } from 'nats';
import { describe, expect, it } from 'vitest';
import { DeliveryHeaders } from './delivery-headers.js';
import { PublishHeaders } from './publish-headers.js';

describe('DeliveryHeaders', () => {
  it('reads what the publisher wrote', () => {
    const written = new PublishHeaders({ 'Content-Type': 'application/json', Generation: '3' }, 'Nats-Msg-Id');
    written.write('an id:3');
    const read = new DeliveryHeaders(written.encode());
    expect(['Content-Type', 'Generation', 'Nats-Msg-Id'].map((name) => read.get(name))).toEqual([
      'application/json',
      '3',
      'an id:3',
    ]);
  });

  it("reads what the client writes, and tells a header's name from a part of another, and from a value", () => {
    const written = headers();
    written.set('X-Generation', 'Generation: 1');
    written.set('Generation', '2');
    const read = new DeliveryHeaders((written as unknown as PublishHeaders).encode());
    expect([read.get('Generation'), read.get('eneration'), read.get('Absent')]).toEqual(['2', '', '']);
  });

  it('has nothing where there are no headers', () => {
    expect(new DeliveryHeaders(new Uint8Array(0)).get('Generation')).toBe('');
  });
});
