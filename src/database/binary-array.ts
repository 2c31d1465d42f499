/**
 * PostgreSQL arrays in their binary format, which node-postgres sends as they are. As fast as COPY, where the text
 * encoding of an array costs a fifth of the rate at 50,000 elements.
 *
 * Format (array_recv): dimensions, has-null flag, element type, then length and lower bound per dimension, then for
 * each element its length in bytes (-1: null) and its bytes. All integers are 32 bits, big endian.
 */
const UUID_OID = 2950;
const TEXT_OID = 25;
const JSONB_OID = 3802;
const BOOLEAN_OID = 16;
const SMALLINT_OID = 21;
const INTEGER_OID = 23;
const BIGINT_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const HEADER_BYTES = 20;
const UUID_BYTES = 16;
const NULL_LENGTH = -1;
/** Binary times are microseconds since 2000. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

function writeHeader(target: Buffer, elementType: number, length: number): void {
  target.writeInt32BE(1, 0);
  target.writeInt32BE(0, 4);
  target.writeInt32BE(elementType, 8);
  target.writeInt32BE(length, 12);
  target.writeInt32BE(1, 16);
}

/** `uuid[]` from 16-byte ids. */
export function uuidArray(ids: readonly Buffer[]): Buffer {
  return uuidArrayOf(ids.length, (index, array, offset) => ids[index].copy(array, offset));
}

/** `uuid[]` of ids that are written where they belong, without a buffer for each. */
export function uuidArrayOf(length: number, write: (index: number, array: Buffer, offset: number) => unknown): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + length * (4 + UUID_BYTES));
  writeHeader(array, UUID_OID, length);
  let offset = HEADER_BYTES;
  for (let index = 0; index < length; index++) {
    offset = array.writeInt32BE(UUID_BYTES, offset);
    write(index, array, offset);
    offset += UUID_BYTES;
  }
  return array;
}

/** `text[]` from strings, or null; none may hold a NUL. */
export function textArray(texts: readonly (string | null)[]): Buffer {
  return stringArray(TEXT_OID, texts);
}

/** `jsonb[]` from JSON texts, or null. Version 1 of the binary format stands before each. */
export function jsonbArray(texts: readonly (string | null)[]): Buffer {
  return stringArray(
    JSONB_OID,
    texts.map((text) => text && `\x01${text}`),
  );
}

function stringArray(elementType: number, texts: readonly (string | null)[]): Buffer {
  let bytes = HEADER_BYTES;
  for (const text of texts) bytes += 4 + (text === null ? 0 : Buffer.byteLength(text));
  const array = Buffer.allocUnsafe(bytes);
  writeHeader(array, elementType, texts.length);
  let offset = HEADER_BYTES;
  for (const text of texts) {
    const written = text === null ? NULL_LENGTH : array.write(text, offset + 4);
    array.writeInt32BE(written, offset);
    offset += 4 + Math.max(written, 0);
  }
  return array;
}

/**
 * `text[]` from ASCII texts, as addresses are: a byte per character, which JavaScript writes in half of the time that
 * measuring and encoding by `Buffer` take. Not one string for all either: as fast, and garbage.
 */
export function asciiArray(texts: readonly string[]): Buffer {
  let bytes = HEADER_BYTES + 4 * texts.length;
  for (const text of texts) bytes += text.length;
  const array = Buffer.allocUnsafe(bytes);
  writeHeader(array, TEXT_OID, texts.length);
  let offset = HEADER_BYTES;
  for (const text of texts) {
    offset = array.writeInt32BE(text.length, offset);
    for (let index = 0; index < text.length; index++) array[offset++] = text.charCodeAt(index);
  }
  return array;
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return fixedArray(BOOLEAN_OID, 1, values, (array, value, offset) => array.writeInt8(value ? 1 : 0, offset));
}

export function smallintArray(values: readonly (number | null)[]): Buffer {
  return fixedArray(SMALLINT_OID, 2, values, (array, value, offset) => array.writeInt16BE(value, offset));
}

export function integerArray(values: readonly number[]): Buffer {
  return fixedArray(INTEGER_OID, 4, values, (array, value, offset) => array.writeInt32BE(value, offset));
}

/** Within what a double holds exactly. */
export function bigintArray(values: readonly number[]): Buffer {
  return fixedArray(BIGINT_OID, 8, values, (array, value, offset) => array.writeBigInt64BE(BigInt(value), offset));
}

export function timestamptzArray(values: readonly (Date | null)[]): Buffer {
  return fixedArray(TIMESTAMPTZ_OID, 8, values, (array, value, offset) =>
    array.writeBigInt64BE(BigInt(value.getTime() - POSTGRES_EPOCH_MS) * 1_000n, offset),
  );
}

function fixedArray<Value>(
  elementType: number,
  bytes: number,
  values: readonly (Value | null)[],
  write: (array: Buffer, value: Value, offset: number) => void,
): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + values.length * (4 + bytes));
  writeHeader(array, elementType, values.length);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = array.writeInt32BE(value === null ? NULL_LENGTH : bytes, offset);
    if (value === null) continue;
    write(array, value, offset);
    offset += bytes;
  }
  return array.subarray(0, offset);
}
