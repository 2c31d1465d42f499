import { randomUUID } from 'node:crypto';

const PREFIX_CHARACTERS = 14;
const INDEX_CHARACTERS = 8;

export const UUID_CHARACTERS = 36;

/** The shortest text that a placeholder can stand for. */
export const MIN_PLACEHOLDER_CHARACTERS = PREFIX_CHARACTERS + INDEX_CHARACTERS;

/** Where a placeholder stands in serialized bytes. */
export interface Slot {
  at: number;
  index: number;
}

/**
 * What differs from one email of a message to the next, while the message is composed: texts as long as the values that
 * replace them, so that no length changes. They begin with random characters that no content can know, and go on with a
 * number: however many they are, one pass over the bytes finds them all.
 */
export class Placeholders {
  private readonly prefix = randomCharacters();
  private readonly values: ((emailId: string) => string)[] = [];
  private readonly lengths: number[] = [];

  /** A text to compose with, in place of `of(emailId)`: ASCII of this length, and nothing that a format escapes. */
  add(characters: number, of: (emailId: string) => string): string {
    if (characters < MIN_PLACEHOLDER_CHARACTERS) throw new RangeError(`${characters} characters are too few`);
    const index = this.values.push(of) - 1;
    this.lengths.push(characters);
    return (this.prefix + index.toString(16).padStart(INDEX_CHARACTERS, '0')).padEnd(characters, '_');
  }

  slotsIn(bytes: Buffer): Slot[] {
    const slots: Slot[] = [];
    for (let at = bytes.indexOf(this.prefix); at >= 0; at = bytes.indexOf(this.prefix, at + PREFIX_CHARACTERS)) {
      const number = at + PREFIX_CHARACTERS;
      slots.push({ at, index: parseInt(bytes.toString('latin1', number, number + INDEX_CHARACTERS), 16) });
    }
    return slots;
  }

  /** A text cut at its placeholders: literal texts, and the index of each. */
  partsOf(text: string): (string | number)[] {
    const parts: (string | number)[] = [];
    let copied = 0;
    for (let at = text.indexOf(this.prefix); at >= 0; at = text.indexOf(this.prefix, copied)) {
      const number = at + PREFIX_CHARACTERS;
      const index = parseInt(text.slice(number, number + INDEX_CHARACTERS), 16);
      parts.push(text.slice(copied, at), index);
      copied = at + this.lengths[index];
    }
    parts.push(text.slice(copied));
    return parts;
  }

  /** What stands in the places of each index, for one email. */
  valuesOf(emailId: string): string[] {
    return this.values.map((of) => of(emailId));
  }
}

/** Node.js keeps random bytes in stock for UUIDs alone: to ask the kernel for each message took 8 µs. */
function randomCharacters(): string {
  const uuid = randomUUID();
  // In its middle stand a version and a variant.
  return uuid.slice(-12) + uuid.slice(0, PREFIX_CHARACTERS - 12);
}
