import { randomFillSync } from 'node:crypto';

/**
 * UUIDv7 ids (RFC 9562). The emails of one message get a contiguous range: email i is first + i, so a batch needs
 * only its first and last id. A range starts where its low bits are zero; 62 random bits remain for each
 * millisecond, so ranges of concurrent processes meet with a probability of about n²/2⁶³, and if they do, the
 * primary key of `emails` refuses the second, which is then tried again with a new base.
 */
const RANGE_BITS = 12;

/** The most ids that one range holds: three hexadecimal digits, so SQL finds a range's start by cutting the text. */
export const RANGE_SIZE = 1 << RANGE_BITS;

const RANDOM_POOL_BYTES = 4096;
const pool = Buffer.alloc(RANDOM_POOL_BYTES);
let poolOffset = RANDOM_POOL_BYTES;

function v7(nowMs: number): Buffer {
  if (poolOffset + 10 > RANDOM_POOL_BYTES) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(nowMs, 0, 6);
  pool.copy(id, 6, poolOffset, poolOffset + 10);
  poolOffset += 10;
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

/** The first id of a fresh range of `RANGE_SIZE` ids, as 16 bytes. */
export function allocateRange(nowMs: number = Date.now()): Buffer {
  const first = v7(nowMs);
  first.writeUInt16BE(first.readUInt16BE(14) & ~(RANGE_SIZE - 1), 14);
  return first;
}

/** The id at `index` (0-based) of the range that starts at `first`. */
export function idAt(first: Buffer, index: number): Buffer {
  if (index < 0 || index >= RANGE_SIZE) throw new RangeError(`a range holds ${RANGE_SIZE} ids; ${index} is outside`);
  const id = Buffer.from(first);
  id.writeUInt16BE(id.readUInt16BE(14) | index, 14);
  return id;
}

/** As `idAt`, into a buffer. */
export function writeIdAt(first: Buffer, index: number, target: Buffer, offset: number): void {
  if (index < 0 || index >= RANGE_SIZE) throw new RangeError(`a range holds ${RANGE_SIZE} ids; ${index} is outside`);
  for (let at = 0; at < 14; at++) target[offset + at] = first[at];
  target[offset + 14] = first[14] | (index >> 8);
  target[offset + 15] = first[15] | (index & 0xff);
}

const INDEX_DIGITS = 3;
const INDEXES = Array.from({ length: RANGE_SIZE }, (_, index) => index.toString(16).padStart(INDEX_DIGITS, '0'));

/** The first id of an id's range. */
export function rangeOf(id: string): string {
  return `${id.slice(0, -INDEX_DIGITS)}000`;
}

/** So many ids as text, one after the other from one of them on; all of them are in its range. */
export function idsFrom(first: string, count: number): string[] {
  const range = first.slice(0, -INDEX_DIGITS);
  const from = parseInt(first.slice(-INDEX_DIGITS), 16);
  if (from + count > RANGE_SIZE) throw new RangeError(`a range holds ${RANGE_SIZE} ids; ${from + count} are too many`);
  return Array.from({ length: count }, (_, index) => range + INDEXES[from + index]);
}

/** The ranges that some ids are in, each once, by the first and the last id that each may hold. */
export function rangesOf(ids: readonly string[]): { firsts: string[]; lasts: string[] } {
  const firsts = [...new Set(ids.map(rangeOf))];
  return { firsts, lasts: firsts.map((first) => `${first.slice(0, -INDEX_DIGITS)}fff`) };
}

/** A single UUIDv7 as text. */
export function newId(): string {
  return formatId(v7(Date.now()));
}

export function formatId(id: Buffer): string {
  const hex = id.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is an id as PostgreSQL writes it: in lower case. */
export function isId(text: string): boolean {
  return ID.test(text);
}

export function parseId(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

/** Three hexadecimal digits each: the ids of a range differ in nothing else. */
const DIGITS = Array.from({ length: RANGE_SIZE }, (_, index) => index.toString(16).padStart(3, '0'));

/** The ids of the range that starts at `first`, as text, by their index. */
export function rangeTexts(first: Buffer): (index: number) => string {
  const prefix = formatId(first).slice(0, -3);
  return (index) => prefix + DIGITS[index];
}
