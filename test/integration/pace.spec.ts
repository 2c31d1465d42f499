import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { migrate } from '../../src/database/migrator.js';
import { HoldUpLog } from '../../src/limits/hold-up-log.js';
import { LimitsRepository } from '../../src/limits/limits.repository.js';
import { SendLimits } from '../../src/limits/send-limits.entity.js';
import { SendUsage } from '../../src/limits/send-usage.entity.js';
import { Pace } from '../../src/sender/pace.js';
import { TransportError } from '../../src/sender/transports/transport.js';
import { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let dataSource: DataSource;
let limits: LimitsRepository;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await TestDatabase.create();
  dataSource = await database.connect([SendLimits, SendUsage]);
  await migrate(dataSource);
  limits = new LimitsRepository(dataSource.getRepository(SendLimits));
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

beforeEach(async () => {
  await dataSource.query('DELETE FROM send_limits');
  await dataSource.query('INSERT INTO send_limits DEFAULT VALUES');
});

const limit = (ratePerSecond: number, max24h = 1_000_000) =>
  limits.report({ ratePerSecond, quota: { max24h, sent24h: 0 }, isSendingEnabled: true }, 0);
const granted = async () => {
  const [row] = await dataSource.query<{ granted: string }[]>('SELECT granted FROM send_limits');
  return Number(row.granted);
};

/** Asks until there is leave for so many; returns the milliseconds that took. */
async function takeAll(pace: Pace, count: number): Promise<number> {
  const startMs = performance.now();
  for (let taken = 0; taken < count;) taken += await pace.take(Math.min(64, count - taken));
  return performance.now() - startMs;
}

it('gives leave at once where no rate is known', async () => {
  const pace = new Pace(limits, new HoldUpLog());
  expect(await pace.take(64)).toBe(0);
  expect(await pace.take(64)).toBe(64);
});

it('gives a single mail leave at once at a high rate, however long nobody asked', async () => {
  await limit(10_000);
  const pace = new Pace(limits, new HoldUpLog());
  // The sender's clock, not the database's: were this process to stand still for 0.1 s, the token would rightly fall.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  for (let mail = 0; mail < 20; mail++) {
    await sleep(120);
    expect(await pace.take(1)).toBe(0);
    vi.advanceTimersByTime(5);
    expect(await pace.take(1)).toBe(1);
  }
});

it('gives as much as the rate allows, to three senders together', async () => {
  await limit(300);
  const paces = [1, 2, 3].map(() => new Pace(limits, new HoldUpLog()));
  const startMs = performance.now();
  await Promise.all(paces.map((pace) => takeAll(pace, 150)));
  const seconds = (performance.now() - startMs) / 1_000;
  // 1.5 s; the credit and an answer's way make it a little less, a busy machine more.
  expect(seconds).toBeGreaterThan(1.2);
  expect(await granted()).toBeLessThan(450 + 100);
});

it('lets tokens fall that nobody used in time, and counts them as unused', async () => {
  await limit(100);
  const pace = new Pace(limits, new HoldUpLog());
  await takeAll(pace, 1);
  await pace.take(64);
  await sleep(400);
  // The lease of up to ten is over; a saved-up burst would be more than what came due in the meantime.
  expect(await pace.take(64)).toBe(0);
  const count = await pace.take(64);
  expect(count).toBeLessThanOrEqual(10);
  expect(await granted()).toBeLessThanOrEqual(11);
});

it('takes back what was not sent', async () => {
  await limit(100);
  const pace = new Pace(limits, new HoldUpLog());
  await takeAll(pace, 20);
  pace.giveBack(15);
  await sleep(300);
  await pace.take(1);
  expect(await granted()).toBeLessThanOrEqual(6);
});

it('gives none while the quota is spent', async () => {
  await limit(1_000, 10);
  const pace = new Pace(limits, new HoldUpLog());
  await takeAll(pace, 10);
  expect(await pace.take(64)).toBe(0);
  expect(await pace.take(64)).toBe(0);
  expect(await granted()).toBe(10);
});

it('pauses for a provider that cannot be used, and probes until it has answered', async () => {
  const pace = new Pace(limits, new HoldUpLog());
  await takeAll(pace, 1);
  pace.pause(new TransportError('unavailable', 'connection refused'));
  expect(pace.isProbing).toBe(true);
  expect(await pace.take(64)).toBe(0);
  expect(await limits.status()).toMatchObject({ pauseReason: 'connection refused' });
  pace.answered();
  expect(pace.isProbing).toBe(false);
  await expect.poll(async () => (await limits.status()).pauseReason).toBeNull();
});

it('lowers the rate for a throttle answer, and pauses where none is known', async () => {
  const throttle = new TransportError('throttled', 'slow down');
  const unlimited = new Pace(limits, new HoldUpLog());
  await takeAll(unlimited, 1);
  unlimited.throttled(throttle);
  expect(unlimited.isProbing).toBe(true);

  await limit(100);
  const limited = new Pace(limits, new HoldUpLog());
  await takeAll(limited, 1);
  await dataSource.query('UPDATE send_limits SET lowered_rate = NULL, throttled_at = NULL');
  limited.throttled(throttle);
  limited.throttled(throttle);
  expect(limited.isProbing).toBe(false);
  await expect.poll(async () => (await limits.status()).rate).toBeCloseTo(70, 0);
});

it('gives none, and throws nothing, while the database is away', async () => {
  await limit(100);
  const elsewhere = await database.connect([SendLimits]);
  const pace = new Pace(new LimitsRepository(elsewhere.getRepository(SendLimits)), new HoldUpLog());
  await elsewhere.destroy();
  expect(await pace.take(64)).toBe(0);
});
