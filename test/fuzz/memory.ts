import { memoryOf } from '../../bench/cpu.js';

/** More than a gateway of the settings of a run ever needs, whatever it is sent. */
const MAX_MIB = 512;

/** A run that is shorter says nothing: the heap is still being filled for the first time. */
const ENOUGH_SAMPLES = 100;
const MAX_GROWTH = 1.25;

/** The memory of a process over a run. */
export class Memory {
  private readonly samples: number[] = [];

  constructor(private readonly pid: number) {}

  sample(): void {
    this.samples.push(memoryOf(this.pid).rss);
  }

  /** Too much, or more and more; null where neither. */
  fault(): string | null {
    const [early, late] = [this.median(0.4, 0.6), this.median(0.8, 1)];
    const highest = Math.max(...this.samples);
    if (highest > MAX_MIB) return `the gateway took ${highest} MiB, more than ${MAX_MIB}`;
    if (this.samples.length < ENOUGH_SAMPLES || late <= early * MAX_GROWTH) return null;
    return `the gateway grew from ${early} to ${late} MiB in the second half of the run`;
  }

  toString(): string {
    const [early, late] = [this.median(0.4, 0.6), this.median(0.8, 1)];
    return `memory in MiB: ${early} in the middle, ${late} at the end, ${Math.max(...this.samples)} at most`;
  }

  private median(from: number, to: number): number {
    const part = this.samples.slice(Math.floor(from * this.samples.length), Math.ceil(to * this.samples.length));
    return part.sort((a, b) => a - b)[Math.floor(part.length / 2)];
  }
}
