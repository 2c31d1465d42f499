const OPENING = '\r\n';
const END = '\r\n';

/**
 * The header block of a delivery, of which a few values are wanted: they are cut out of it, where the client makes a map of
 * lists and spells each name anew, character by character.
 */
export class DeliveryHeaders {
  /** As it came. */
  readonly block: string;

  constructor(block: Uint8Array) {
    this.block = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('latin1');
  }

  /** Of the name as it is spelled; an empty text where there is none. */
  get(name: string): string {
    const opening = `${OPENING}${name}:`;
    const at = this.block.indexOf(opening);
    if (at === -1) return '';
    const from = at + opening.length;
    return this.block.slice(from, this.block.indexOf(END, from)).trim();
  }
}
