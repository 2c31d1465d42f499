import { randomUUID } from 'node:crypto';
import { createInbox, type Msg, MsgHdrsImpl } from 'nats';
import type { Sample, Stream } from '../load/stream.js';

const WINDOW = 1_024;
const MESSAGE_ID = 'Nats-Msg-Id';
const GOOD_ACK = Buffer.from('{"stream":');

/** A header block that is ready to send: the client's own encodes each header of each message. */
class EncodedHeaders extends MsgHdrsImpl {
  constructor(private readonly bytes: Uint8Array) {
    super();
  }

  override encode(): Uint8Array {
    return this.bytes;
  }
}

/**
 * The most that a connection of this client publishes: so many copies of a message that differ in nothing but their
 * `Nats-Msg-Id`, each acknowledged, with an inbox of their own and 1,024 in flight. Returns the seconds it took.
 */
export async function rawPublish(stream: Stream, sample: Sample, count: number): Promise<number> {
  const { connection, subject } = stream;
  const template = headerTemplate(stream, sample);
  const ids = randomUUID().slice(0, -12);
  const reply = createInbox();
  let next = 0;
  let acknowledged = 0;
  const startedMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const publish = () => {
      const bytes = Buffer.from(template.bytes);
      bytes.write(ids + (next++).toString(16).padStart(12, '0'), template.idAt, 'latin1');
      connection.publish(subject, sample.payload, { reply, headers: new EncodedHeaders(bytes) });
    };
    const subscription = connection.subscribe(reply, {
      callback: (_error, { data }: Msg) => {
        if (GOOD_ACK.compare(data, 0, GOOD_ACK.length) !== 0) {
          subscription.unsubscribe();
          reject(new Error(`not acknowledged: ${Buffer.from(data).toString()}`));
        } else if (++acknowledged === count) {
          subscription.unsubscribe();
          resolve();
        } else if (next < count) {
          publish();
        }
      },
    });
    while (next < Math.min(WINDOW, count)) publish();
  });
  return (performance.now() - startedMs) / 1000;
}

function headerTemplate({ config }: Stream, { headers }: Sample): { bytes: Buffer; idAt: number } {
  headers.set('Nats-Expected-Stream', config.name);
  const lines = headers.keys().map((key) => `${key}: ${headers.get(key)}\r\n`);
  const text = `NATS/1.0\r\n${lines.join('')}\r\n`;
  return { bytes: Buffer.from(text), idAt: text.indexOf(MESSAGE_ID) + `${MESSAGE_ID}: `.length };
}
