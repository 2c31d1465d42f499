/** `npm run chaos` runs in full; `npm run test:all`, which has minutes for everything, with a fifth of the mails. */
const PART = process.env.CHAOS_FULL ? 1 : 5;

/** How much of what a full run has. */
export function ofFullRun(count: number): number {
  return count / PART;
}
