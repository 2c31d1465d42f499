/** The keys added last, up to a limit: what was seen again stays longest. */
export class RecentKeys {
  private readonly keys = new Set<string>();

  constructor(private readonly limit: number) {}

  has(key: string): boolean {
    if (!this.keys.delete(key)) return false;
    this.keys.add(key);
    return true;
  }

  add(key: string): void {
    this.keys.add(key);
    if (this.keys.size <= this.limit) return;
    const [oldest] = this.keys;
    this.keys.delete(oldest);
  }
}
