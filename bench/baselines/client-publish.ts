import { randomUUID } from 'node:crypto';
import type { Sample, Stream } from '../load/stream.js';

/** 256 and 4,096 are slower. */
const WINDOW = 1_024;

/** The client's own publish, awaited, with 1,024 in flight. Returns the seconds it took. */
export async function clientPublish({ connection, subject }: Stream, sample: Sample, count: number): Promise<number> {
  const client = connection.jetstream();
  const ids = randomUUID();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      await client.publish(subject, sample.payload, { msgID: `${ids}:${next++}` });
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return (performance.now() - startedMs) / 1000;
}
