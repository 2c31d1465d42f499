export interface AcceptedMail {
  /** Milliseconds since 1970, by the simulator's clock. */
  at: number;
  /** The tag that our emails carry; null without one. */
  requestId: string | null;
  recipient: string;
}

/** Some hundred megabytes at most; the oldest make room, and the numbers go on. */
const MAX_ENTRIES = 1_000_000;

/** What SES took, in order and for good: unlike the mailbox it is never emptied. */
export class AcceptedLog {
  private readonly entries: AcceptedMail[] = [];
  private forgotten = 0;

  get length(): number {
    return this.forgotten + this.entries.length;
  }

  add(mail: AcceptedMail): void {
    this.entries.push(mail);
    if (this.entries.length < MAX_ENTRIES) return;
    const removed = this.entries.splice(0, MAX_ENTRIES / 2);
    this.forgotten += removed.length;
  }

  /** Those after the first `after`, oldest first. */
  page(after: number, limit: number): AcceptedMail[] {
    const first = Math.max(0, after - this.forgotten);
    return this.entries.slice(first, first + limit);
  }
}
