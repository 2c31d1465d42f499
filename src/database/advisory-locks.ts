/** Keys of the session-level advisory locks, in one place so that two purposes never share one. */
export const ADVISORY_LOCK = {
  migrations: 7_205_761_001,
  periodicJobs: 7_205_761_002,
} as const;
