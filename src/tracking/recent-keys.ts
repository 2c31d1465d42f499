/**
 * The keys added last: at least half of the limit, and never more than it. In two generations, of which the older is
 * dropped as a whole; the oldest of a single Set is found behind the holes that all the deleted ones left.
 */
export class RecentKeys {
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(private readonly limit: number) {}

  has(key: string): boolean {
    if (this.young.has(key)) return true;
    if (!this.old.has(key)) return false;
    // What is seen again stays.
    this.add(key);
    return true;
  }

  add(key: string): void {
    this.young.add(key);
    if (this.young.size < this.limit / 2) return;
    this.old = this.young;
    this.young = new Set();
  }
}
