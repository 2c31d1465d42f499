/** Below the 30 s after which Kubernetes kills, above what an orderly shutdown takes (the sender waits up to 20 s). */
const LIMIT_MS = 28_000;

/** Bounds a shutdown that hangs: the process ends after 28 s, or at a second signal. Leases and claims then expire. */
export function exitHardAfterSignal(): void {
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      setTimeout(() => process.exit(1), LIMIT_MS).unref();
    });
  }
}
