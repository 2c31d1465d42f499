/** Keys of the advisory locks, in one place so that two purposes never share one. 32 bits: jobs use the two-key form. */
export const ADVISORY_LOCK = {
  migrations: 720_576_001,
  periodicJobs: 720_576_002,
} as const;
