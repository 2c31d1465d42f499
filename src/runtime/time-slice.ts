import { setImmediate } from 'node:timers/promises';

/**
 * Keeps work of many short steps from holding the event loop: a step may begin while the slice lasts; afterwards it waits
 * for the next turn, in which sockets are read and requests served. Shared by all who do such work at the same time.
 */
export class TimeSlice {
  private endsMs = 0;
  private nextTurn: Promise<void> | null = null;

  constructor(
    private readonly lengthMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether the next step has to `wait` first. */
  get isOver(): boolean {
    return this.now() >= this.endsMs;
  }

  /** Resolves in the next turn; of those that wait, the last may find the slice over once more. */
  wait(): Promise<void> {
    this.nextTurn ??= setImmediate().then(() => {
      this.nextTurn = null;
      this.endsMs = this.now() + this.lengthMs;
    });
    return this.nextTurn;
  }
}
