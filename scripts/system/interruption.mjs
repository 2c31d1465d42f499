// @ts-check

/**
 * npm passes the terminal's SIGINT on to a child that has already got it from the terminal: what comes within this
 * time is the same key press.
 */
const SAME_PRESS_MS = 500;

/** Ctrl-C, a closed terminal, a SIGTERM, or a failure: the first stops in order, a second one by hand hurries. */
export class Interruption {
  #stop = new AbortController();
  #hurry = new AbortController();

  /** Whether somebody asked for the end, which is then no failure. */
  byUser = false;

  /** Resolves when everything shall stop, also for whoever asks only afterwards. */
  stopped = new Promise((resolve) => this.#stop.signal.addEventListener('abort', resolve));

  /** Aborted when everything shall stop. Its reason is the error that caused it. */
  get stop() {
    return this.#stop.signal;
  }

  /** Aborted when somebody is tired of waiting for that. */
  get hurry() {
    return this.#hurry.signal;
  }

  listen() {
    let last = 0;
    const press = () => {
      const now = performance.now();
      if (!this.stop.aborted) {
        this.byUser = true;
        this.fail(new Error('interrupted'));
      } else if (now - last > SAME_PRESS_MS) {
        this.#hurry.abort();
      }
      last = now;
    };
    process.on('SIGINT', press).on('SIGTERM', press).on('SIGHUP', press);
    // A closed terminal or a closed pipe must not end us before everything is stopped.
    process.stdout.on('error', () => {});
    process.stderr.on('error', () => {});
  }

  /** @param {unknown} reason */
  fail(reason) {
    this.#stop.abort(reason);
  }

  /**
   * Waits for all. When one fails the others are told to stop and waited for: whoever cleans up afterwards must not
   * race with what is still starting.
   *
   * @template {readonly unknown[]} T
   * @param {T} promises
   */
  async together(promises) {
    try {
      return await Promise.all(promises);
    } catch (error) {
      this.fail(error);
      await Promise.allSettled(promises);
      throw error;
    }
  }
}
