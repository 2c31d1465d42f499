import type { AckOwner } from './ack-group.js';
import type { PublishFault } from './publish-answer.js';

export interface Publication {
  emailId: string;
  generation: number;
  payload: Uint8Array;
}

/**
 * `acknowledged`: JetStream has stored it, now or before. `unacknowledged`: not known to be stored, to be published
 * again with the same id. `too_large`: it can never be stored.
 */
export type PublishResult = 'acknowledged' | 'unacknowledged' | 'too_large';

/** Emails that are published one after the other, composed as the window takes them, and what became of each. */
export class PublishOrder implements AckOwner {
  private readonly results: PublishResult[];
  private readonly source: Iterator<Publication>;
  private inFlight = 0;
  private isEnded = false;
  private resolve!: (results: PublishResult[]) => void;
  private reject!: (error: unknown) => void;
  /** In the order of the publications. Rejects if composing one throws. */
  readonly done = new Promise<PublishResult[]>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
  /** Why it ended before its last publication. */
  fault: PublishFault | null = null;
  /** So many were handed out: the index of the next. */
  taken = 0;
  /** Neither acknowledged nor found too large so far. */
  open: number;

  constructor(
    publications: Iterable<Publication>,
    count: number,
    private readonly onFault: (fault: PublishFault) => void,
  ) {
    this.source = publications[Symbol.iterator]();
    this.results = new Array<PublishResult>(count).fill('unacknowledged');
    this.open = count;
  }

  /** The next to be published; null when nothing more is started. */
  next(): Publication | null {
    if (this.isEnded) return null;
    try {
      const item = this.source.next();
      if (!item.done) {
        this.taken++;
        return item.value;
      }
    } catch (error) {
      this.reject(error);
    }
    this.end();
    return null;
  }

  /** Nothing more is started; done when the last in flight has its answer. */
  end(fault: PublishFault | null = null): void {
    this.isEnded = true;
    this.fault ??= fault;
    if (this.inFlight === 0) this.resolve(this.results);
  }

  sent(): void {
    this.inFlight++;
  }

  tooLarge(index: number): void {
    this.results[index] = 'too_large';
    this.open--;
  }

  acknowledged(index: number): void {
    this.results[index] = 'acknowledged';
    this.open--;
    this.answered();
  }

  /** Of many faults the first is told. */
  failed(_index: number, fault: PublishFault): void {
    const isFirst = this.fault === null;
    this.fault ??= fault;
    if (isFirst) this.onFault(fault);
    this.answered();
  }

  private answered(): void {
    this.inFlight--;
    if (this.isEnded && this.inFlight === 0) this.resolve(this.results);
  }
}
