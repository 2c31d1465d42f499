/**
 * PostgreSQL arrays in their binary format, which node-postgres sends as they are. As fast as COPY, where the text
 * encoding of an array costs a fifth of the rate at 50,000 elements.
 *
 * Format (array_recv): dimensions, has-null flag, element type, then length and lower bound per dimension, then for
 * each element its length in bytes (-1: null) and its bytes. All integers are 32 bits, big endian.
 */
const UUID_OID = 2950;
const TEXT_OID = 25;
const HEADER_BYTES = 20;
const UUID_BYTES = 16;

function writeHeader(target: Buffer, elementType: number, length: number): void {
  target.writeInt32BE(1, 0);
  target.writeInt32BE(0, 4);
  target.writeInt32BE(elementType, 8);
  target.writeInt32BE(length, 12);
  target.writeInt32BE(1, 16);
}

/** `uuid[]` from 16-byte ids. */
export function uuidArray(ids: readonly Buffer[]): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + ids.length * (4 + UUID_BYTES));
  writeHeader(array, UUID_OID, ids.length);
  let offset = HEADER_BYTES;
  for (const id of ids) {
    offset = array.writeInt32BE(UUID_BYTES, offset);
    offset += id.copy(array, offset);
  }
  return array;
}

/** `text[]` from strings; none may hold a NUL. */
export function textArray(texts: readonly string[]): Buffer {
  let bytes = HEADER_BYTES;
  for (const text of texts) bytes += 4 + Buffer.byteLength(text);
  const array = Buffer.allocUnsafe(bytes);
  writeHeader(array, TEXT_OID, texts.length);
  let offset = HEADER_BYTES;
  for (const text of texts) {
    const written = array.write(text, offset + 4);
    array.writeInt32BE(written, offset);
    offset += 4 + written;
  }
  return array;
}
