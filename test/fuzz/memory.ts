import { memoryOf } from '../../bench/cpu.js';
import { eventually } from '../support/eventually.js';
import type { Gateway } from '../support/stack.js';

/** What makes a gateway measurable; of its environment. */
export const COLLECT_ON_SIGNAL = { NODE_OPTIONS: '--import ./test/fuzz/collect-on-signal.mjs' };

/** More than a gateway of the settings of a run ever needs, whatever it is sent. */
const MAX_RESIDENT_MIB = 512;

/** A run that is shorter says nothing: caches are still being filled for the first time. */
const ENOUGH_SAMPLES = 20;
/** Over 100,000 requests of seed 11 it was 1.01: 58.6 MiB in the middle and 59.3 at the end. */
const MAX_GROWTH = 1.1;

const COLLECTION_MS = 10_000;
const MIB = 1024 * 1024;

/**
 * The memory of a gateway over a run: what it holds once its garbage is collected. Its resident memory goes up and down with the
 * collector's leisure by more than any leak would bring, so that is only bounded.
 */
export class Memory {
  private readonly held: number[] = [];
  private resident = 0;

  constructor(private readonly gateway: Gateway) {}

  async sample(): Promise<void> {
    this.resident = Math.max(this.resident, memoryOf(this.gateway.pid).rss);
    const before = this.printed.length;
    this.gateway.signal('SIGUSR2');
    const isPrinted = () => this.printed.length > before || !this.gateway.isRunning;
    await eventually(isPrinted, COLLECTION_MS, 'a garbage collection');
    this.held.push(Number(this.printed.at(-1)?.[1]) / MIB);
  }

  /** Too much, or more and more; null where neither. */
  fault(): string | null {
    if (this.resident > MAX_RESIDENT_MIB) return `the gateway took ${this.resident} MiB, more than ${MAX_RESIDENT_MIB}`;
    const [early, late] = [this.median(0.4, 0.6), this.median(0.8, 1)];
    if (this.held.length < ENOUGH_SAMPLES || late <= early * MAX_GROWTH) return null;
    return `the gateway held ${early} MiB in the middle of the run and ${late} at its end`;
  }

  toString(): string {
    const held = [this.held[0], this.median(0.4, 0.6), this.median(0.8, 1)].map((mebibytes) => mebibytes.toFixed(1));
    return `memory in MiB: held ${held.join(', ')} at the beginning, in the middle, at the end; resident ${this.resident.toFixed(0)} at most`;
  }

  private get printed(): RegExpExecArray[] {
    return [...this.gateway.output.matchAll(/^held (\d+)$/gm)];
  }

  private median(from: number, to: number): number {
    const part = this.held.slice(Math.floor(from * this.held.length), Math.ceil(to * this.held.length));
    return part.sort((a, b) => a - b)[Math.floor(part.length / 2)];
  }
}
