import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until `read` gives something other than null, undefined or false. */
export async function eventually<Value>(
  read: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  timeoutMs: number,
  what: string,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await sleep(20);
  }
}
