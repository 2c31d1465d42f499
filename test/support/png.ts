import { crc32, inflateSync } from 'node:zlib';

const SIGNATURE = '89504e470d0a1a0a';

export interface Png {
  width: number;
  height: number;
  /** Red, green, blue, alpha. */
  pixels: number[][];
}

/** Decodes a PNG of 8-bit RGBA without filters, and throws on whatever a browser would call damaged. */
export function decodePng(bytes: Buffer): Png {
  if (bytes.subarray(0, 8).toString('hex') !== SIGNATURE) throw new Error('not a PNG');
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    if (bytes.readUInt32BE(at + 8 + length) !== crc32(body)) throw new Error('a checksum is wrong');
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  if (chunks[0]?.type !== 'IHDR' || chunks.at(-1)?.type !== 'IEND') throw new Error('the chunks are out of order');
  const header = chunks[0].data;
  if (header.toString('hex', 8) !== '0806000000') throw new Error('not 8-bit RGBA');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const data = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data)));
  if (data.length !== height * (1 + 4 * width)) throw new Error('the picture has another size');
  const rows = Array.from({ length: height }, (_, row) => data.subarray(row * (1 + 4 * width)));
  if (rows.some((row) => row[0] !== 0)) throw new Error('a row has a filter');
  const pixels = rows.flatMap((row) =>
    Array.from({ length: width }, (_, column) => [...row.subarray(1 + 4 * column, 5 + 4 * column)]),
  );
  return { width, height, pixels };
}
