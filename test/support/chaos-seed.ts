/** CHAOS_SEED repeats a run; printed by the test that uses it. */
export function chaosSeed(): number {
  return Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1e9));
}
