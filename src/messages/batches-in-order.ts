import { rangeOf } from '../contracts/ids.js';

/** Finds the batches of emails that are asked for in the order of their ids. */
export class BatchesInOrder<Batch extends { readonly id: string }> {
  private readonly named: ReadonlyMap<string, Batch>;
  private next = 0;

  /** `ranged`: those of ranges, in the order of their ids; `named`: those that emails have moved to. */
  constructor(
    private readonly ranged: readonly Batch[],
    named: readonly Batch[],
  ) {
    this.named = new Map(named.map((batch) => [batch.id, batch]));
  }

  /** The batch that it names, and else the greatest at or below its id, not below the start of its range. */
  of({ id, batch_id: batchId }: { readonly id: string; readonly batch_id: string | null }): Batch | undefined {
    if (batchId !== null) return this.named.get(batchId);
    while (this.next < this.ranged.length && this.ranged[this.next].id <= id) this.next += 1;
    if (this.next === 0) return undefined;
    const batch = this.ranged[this.next - 1];
    return batch.id >= rangeOf(id) ? batch : undefined;
  }
}
