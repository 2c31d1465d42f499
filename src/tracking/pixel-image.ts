import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export const PIXEL_MEDIA_TYPE = 'image/png';

/** One transparent pixel, put together from its parts: the bytes of the service before this one had a wrong checksum. */
export const PIXEL_IMAGE: Buffer = Buffer.concat([
  SIGNATURE,
  // 1 × 1, 8 bits each of red, green, blue and alpha, no filter method, no interlace.
  chunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0])),
  // One row: its filter, then the four zeros of a transparent pixel.
  chunk('IDAT', deflateSync(Buffer.alloc(5))),
  chunk('IEND', Buffer.alloc(0)),
]);

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(data.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}
