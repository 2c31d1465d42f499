import { setTimeout as sleep } from 'node:timers/promises';

/** Of a run that was told to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * The steps of a run, one at a time, with a rest after each that is as long as it took: half of a connection's time at most
 * is taken from those who are waited for. Ends by an error between two steps once it is stopped.
 */
export class Steps {
  private readonly stopping = new AbortController();

  stop(): void {
    this.stopping.abort();
  }

  async take<Result>(step: () => Promise<Result>): Promise<Result> {
    if (this.stopping.signal.aborted) throw new Interrupted('retention was interrupted');
    const begun = performance.now();
    const result = await step();
    await sleep(performance.now() - begun, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    return result;
  }
}

/** Of some messages the first ones that have together no more than so many emails; at least one. */
export function untilEmails<Message extends { count: number }>(messages: readonly Message[], most: number): Message[] {
  let emails = 0;
  return messages.filter(({ count }, index) => (emails += count) <= most || index === 0);
}
