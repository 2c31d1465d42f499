import { defineConfig } from 'vitest/config';

/** Two cores: tests that start processes of their own would otherwise measure each other. */
const oneFileAtATime = { maxWorkers: 1 };

/** The short matrix of crash points, which `npm test` has too. */
const crashPoints = ['test/chaos/gateway-crash-points.spec.ts'];

/** For tests that mostly wait; in full they are as busy as the two cores. */
const WAITING_WORKERS = process.env.CHAOS_FULL ? 2 : 3;

/** End-to-end tests that assert how soon something happens. */
const timed = ['main-job', 'large-submission', 'pixel-flood', 'retention', 'shutdown', 'tracking'].map(
  (name) => `test/e2e/${name}.e2e-spec.ts`,
);

/** Chaos that waits for leases, looks and events, and asserts what came of it: any hour will do. */
const patient = [
  'boot',
  'breaker',
  'event-kills',
  'exactly-once',
  'group-commit-kills',
  'hostile-mail',
  'kills',
  'nats-cluster',
  'nats-outage',
  'pauses',
  'postgres-kills',
  'quota',
  'races',
  'sender-crash-points',
  'sender-kills',
  'stream-loss',
].map((name) => `test/chaos/${name}.spec.ts`);

/** Waits as well, and takes minutes more than CI has: for servers, disks and builds of its own, or for many mails. */
const long = [
  'backup-drill',
  'broken-builds',
  'clock-steps',
  'disk-full',
  'events-order',
  'faulty-provider',
  'hung-shutdown',
  'ledger-back',
  'postgres-freeze',
  'postgres-standby',
  'rolling-restarts',
  'schema-growth',
  'sender-stalls',
].map((name) => `test/chaos/${name}.spec.ts`);

/** It runs for as long as it is told to, and no test at all is better than one that is skipped. */
const soak = process.env.CHAOS_LONG ? [] : ['test/chaos/soak.spec.ts'];

/** The projects run one after the other, so that the fastest verdict comes first. */
export default defineConfig({
  // The one that covers test/ too: a decorator in a file outside of its tsconfig is a syntax error.
  tsconfig: 'tsconfig.test.json',
  test: {
    passWithNoTests: false,
    // A worker keeps its modules: 80 unit files took 48 s instead of 77 s, most of which was loading.
    isolate: false,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,simulator,scripts}/**/*.spec.ts', 'scripts/**/*.spec.mjs'],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.spec.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e-spec.ts'],
          exclude: timed,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
          // They wait more than they compute: two at a time take half as long.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash-points',
          include: crashPoints,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Beside e2e.
          sequence: { groupOrder: 2 },
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-timed',
          include: timed,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
          ...oneFileAtATime,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: patient,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 4 },
          maxWorkers: WAITING_WORKERS,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos-long',
          include: long,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 4 },
          maxWorkers: WAITING_WORKERS,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos-timed',
          include: ['test/chaos/**/*.spec.ts'],
          exclude: [...crashPoints, ...patient, ...long, ...soak],
          // One of them replaces a module, which must not be loaded yet.
          isolate: true,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 5 },
          ...oneFileAtATime,
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.spec.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 6 },
          ...oneFileAtATime,
        },
      },
      {
        extends: true,
        test: {
          name: 'bench',
          include: ['test/bench/**/*.spec.ts'],
          testTimeout: 180_000,
          // Beside the chaos that waits: nothing is measured here either.
          sequence: { groupOrder: 4 },
          maxWorkers: WAITING_WORKERS,
        },
      },
    ],
  },
});
