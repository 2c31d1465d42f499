import type { PublishFault } from './publish-answer.js';

/** Who awaits acknowledgements; `index` is the caller's own number of the message. */
export interface AckOwner {
  acknowledged(index: number): void;
  failed(index: number, fault: PublishFault): void;
}

/**
 * Messages that are answered on one subject: acknowledged when there are as many acknowledgements as messages. One answer
 * that is none fails them all, since nobody knows whose it is; they are published again with the same ids.
 */
export class AckGroup {
  private readonly owners: AckOwner[] = [];
  private readonly indexes: number[] = [];
  /** Of the messages that are acknowledged. */
  private sequences: number[] = [];
  private uses = 0;
  /** When the first of the messages was sent. */
  sentAtMs = 0;
  /** Another one after each use. */
  reply: string;

  constructor(
    private readonly inbox: string,
    /** What is still answered belongs to nobody. */
    readonly close: () => void,
  ) {
    this.reply = `${inbox}.0`;
  }

  get size(): number {
    return this.owners.length;
  }

  get isAcknowledged(): boolean {
    return this.owners.length > 0 && this.sequences.length === this.owners.length;
  }

  hasCounted(sequence: number): boolean {
    return this.sequences.includes(sequence);
  }

  add(owner: AckOwner, index: number): void {
    if (this.owners.length === 0) this.sentAtMs = performance.now();
    this.owners.push(owner);
    this.indexes.push(index);
  }

  /** Each message's own sequence number, once. */
  count(sequence: number): void {
    if (this.sequences.length < this.owners.length) this.sequences.push(sequence);
  }

  /** Empties the group. Its owners may send again at once, and into it. */
  settle(fault: PublishFault | null): void {
    const owners = this.owners.splice(0);
    const indexes = this.indexes.splice(0);
    this.sequences = [];
    this.reply = `${this.inbox}.${++this.uses}`;
    for (const [place, owner] of owners.entries()) {
      if (fault === null) owner.acknowledged(indexes[place]);
      else owner.failed(indexes[place], fault);
    }
  }
}
