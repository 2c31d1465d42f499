/** What a payload may hold beside texts: the maps `headers` and `tags`. */
type PackedMap = Record<string, unknown>;

const FIXMAP = 0x80;
const FIXSTR = 0xa0;
const FIXSTR_END = 0xbf;
const STR_8 = 0xd9;
const STR_16 = 0xda;
const STR_32 = 0xdb;

/**
 * Reads MessagePack as our payloads are: maps of texts, and of maps of texts. Node's own UTF-8 decoder makes each text in one
 * piece, where the library's joins it from single characters: a fifth of all that a sender allocated.
 */
export class PackedTexts {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** undefined where the bytes hold anything else: a larger map, a number, a text that is cut short. */
  read(): PackedMap | undefined {
    const map = this.map();
    return this.at === this.bytes.length ? map : undefined;
  }

  private map(): PackedMap | undefined {
    const size = this.bytes[this.at] ^ FIXMAP;
    if (!(size < 16)) return undefined;
    this.at += 1;
    const map: PackedMap = {};
    for (let left = size; left > 0; left--) {
      const key = this.text();
      const value = key === undefined || key === '__proto__' ? undefined : (this.text() ?? this.map());
      if (value === undefined) return undefined;
      map[key!] = value;
    }
    return map;
  }

  private text(): string | undefined {
    const { bytes, at } = this;
    const type = bytes[at];
    if (type >= FIXSTR && type <= FIXSTR_END) return this.slice(at + 1, type ^ FIXSTR);
    if (type === STR_8 && at + 2 <= bytes.length) return this.slice(at + 2, bytes[at + 1]);
    if (type === STR_16 && at + 3 <= bytes.length) return this.slice(at + 3, bytes.readUInt16BE(at + 1));
    if (type === STR_32 && at + 5 <= bytes.length) return this.slice(at + 5, bytes.readUInt32BE(at + 1));
    return undefined;
  }

  private slice(from: number, length: number): string | undefined {
    const end = from + length;
    if (end > this.bytes.length) return undefined;
    this.at = end;
    return this.bytes.toString('utf8', from, end);
  }
}
