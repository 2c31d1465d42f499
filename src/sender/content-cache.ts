/** Its size may grow while it is used. */
interface Sized {
  readonly bytes: number;
}

interface Entry<Value> {
  value: Value;
  bytes: number;
}

/** Keeps what was used last, up to a number of bytes; the newest stays even if it is larger than that alone. */
export class ContentCache<Value extends Sized> {
  /** In the order of their last use. */
  private readonly entries = new Map<string, Entry<Value>>();
  private total = 0;

  constructor(private readonly maxBytes: number) {}

  /** What all of it held when each was last used. */
  get bytes(): number {
    return this.total;
  }

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (entry) this.put(key, entry.value);
    return entry?.value;
  }

  put(key: string, value: Value): void {
    this.remove(key);
    const entry = { value, bytes: value.bytes };
    this.entries.set(key, entry);
    this.total += entry.bytes;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.maxBytes || oldest === key) return;
      this.remove(oldest);
    }
  }

  private remove(key: string): void {
    this.total -= this.entries.get(key)?.bytes ?? 0;
    this.entries.delete(key);
  }
}
