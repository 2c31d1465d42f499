import { Stack, type StackOptions } from '../test/support/stack.js';
import { type CpuReading, cpuOf } from './cpu.js';

export interface WorkbenchOptions {
  /** 1 is what the bars are for; a smoke run takes a fraction and asserts nothing. */
  scale: number;
  postgresPid: number;
  natsPid: number;
  say: (text: string) => void;
}

/** What a scenario finds: the engines, stacks of real processes on them, and clocks. */
export class Workbench {
  private readonly stacks = new Set<Stack>();

  constructor(readonly options: WorkbenchOptions) {}

  /** So many of something, scaled; at least `least`. */
  count(full: number, least = 1): number {
    return Math.max(least, Math.round(full * this.options.scale));
  }

  say(text: string): void {
    this.options.say(text);
  }

  /** A database and a stream of its own. Gateways log warnings only: a line per request is not what is measured. */
  async stack(options: StackOptions = {}): Promise<Stack> {
    // The load comes from one address, which would be taken for a flood.
    const env = { LOG_LEVEL: 'warn', PUBLIC_RATE_PER_SECOND: '0', ...options.env };
    const stack = await Stack.start({ ...options, env });
    this.stacks.add(stack);
    return stack;
  }

  async close(stack: Stack): Promise<void> {
    this.stacks.delete(stack);
    await stack.stop();
  }

  /** Ends what a scenario that failed has left. */
  async closeAll(): Promise<void> {
    for (const stack of this.stacks) await stack.stop();
    this.stacks.clear();
  }

  /** CPU seconds so far: of all server processes of PostgreSQL, of NATS, of the given processes together, and our own. */
  cpu(pids: readonly number[] = []): CpuReading {
    const { postgresPid, natsPid } = this.options;
    return cpuOf(postgresPid, natsPid, pids);
  }
}
