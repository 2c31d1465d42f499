/** `ALLOWED_RECIPIENTS`: who may be written to. A domain stands for its own addresses, not for those of its subdomains. */
export class AllowedRecipients {
  private readonly entries: ReadonlySet<string>;

  /** Addresses and domains in lower case, as the configuration reads them; none means everybody. */
  constructor(entries: readonly string[]) {
    this.entries = new Set(entries);
  }

  get isEverybody(): boolean {
    return this.entries.size === 0;
  }

  /** Takes an address in lower case. */
  has(address: string): boolean {
    if (this.isEverybody || this.entries.has(address)) return true;
    return this.entries.has(address.slice(address.lastIndexOf('@') + 1));
  }
}
