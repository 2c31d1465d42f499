import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/database/migrator.js';
import { type Account, LimitsRepository } from '../../src/limits/limits.repository.js';
import { SendLimits } from '../../src/limits/send-limits.entity.js';
import { SendUsage } from '../../src/limits/send-usage.entity.js';
import { TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let dataSource: DataSource;
let limits: LimitsRepository;

beforeAll(async () => {
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
  await dataSource.query('DELETE FROM send_usage');
  await dataSource.query('INSERT INTO send_limits DEFAULT VALUES');
});

async function account(changes: Partial<Account> = {}): Promise<void> {
  await limits.report({ ratePerSecond: 100, quota: null, isSendingEnabled: true, ...changes }, 0);
}

const set = (assignments: string) => dataSource.query(`UPDATE send_limits SET ${assignments}`);
const rate = async () => (await limits.status()).rate;

/** Leave for so many emails; it starts at a moment that is known to lie between two, in ms. */
interface Stretch {
  earliest: number;
  latest: number;
  ms: number;
  count: number;
}

/** Between the database's clock, in whole microseconds, and ours within the seconds that a test takes. */
const CLOCKS_MS = 1;

function mayPrecede(one: Stretch, other: Stretch): boolean {
  return one.earliest + one.ms <= other.latest + CLOCKS_MS;
}

describe('a lease', () => {
  it('is whatever was wanted where nothing limits the rate, and is not counted', async () => {
    expect(await limits.lease(64, 0)).toMatchObject({ count: 64, stepMs: null });
    expect(await dataSource.query('SELECT * FROM send_usage')).toEqual([]);
  });

  it('is a tenth of a second of the rate, at least one email and no more than wanted', async () => {
    await account();
    expect(await limits.lease(64, 0)).toMatchObject({ count: 10, stepMs: 10 });
    expect(await limits.lease(3, 0)).toMatchObject({ count: 3, stepMs: 10 });
    await account({ ratePerSecond: 1 });
    expect(await limits.lease(64, 0)).toMatchObject({ count: 1, stepMs: 1_000 });
  });

  it('follows the smaller of the rates of provider and configuration', async () => {
    await account();
    await limits.configure(50, true);
    expect(await rate()).toBe(50);
    await limits.configure(500, true);
    expect(await rate()).toBe(100);
    await limits.configure(null, false);
    expect(await rate()).toBeNull();
  });

  it('never overlaps another, and saves up nothing of an idle hour', async () => {
    await account();
    await set(`next_at = now() - interval '1 hour'`);
    const epochMs = performance.now();
    const sinceEpoch = () => performance.now() - epochMs;
    const stretches: Stretch[] = [];
    const sender = async () => {
      for (let turn = 0; turn < 20; turn++) {
        const askedMs = sinceEpoch();
        const { count, startMs, stepMs } = await limits.lease(7, 0);
        // It is counted from a moment between question and answer, before the commit.
        stretches.push({ earliest: askedMs + startMs, latest: sinceEpoch() + startMs, ms: count * stepMs!, count });
      }
    };
    await Promise.all([sender(), sender(), sender(), sender()]);
    const overlaps = stretches.filter((one, index) =>
      stretches.slice(index + 1).some((other) => !mayPrecede(one, other) && !mayPrecede(other, one)),
    );
    expect(overlaps).toEqual([]);
    const emails = stretches.reduce((sum, { count }) => sum + count, 0);
    expect(emails).toBe(560);
    // All of them one behind the other, from the credit on.
    expect(Math.max(...stretches.map(({ latest, ms }) => latest + ms))).toBeGreaterThan(5_600 - 100 - CLOCKS_MS);
    const [{ count }] = await dataSource.query<{ count: string }[]>('SELECT sum(count) AS count FROM send_usage');
    expect(Number(count)).toBe(emails);
  });

  it('stops at the quota, of which the report and what was given away since are spent', async () => {
    await account({ quota: { max24h: 100, sent24h: 85 } });
    expect((await limits.lease(64, 0)).count).toBe(10);
    expect((await limits.lease(64, 0)).count).toBe(5);
    expect((await limits.lease(64, 0)).count).toBe(0);
    const spent = await limits.status();
    expect(spent).toMatchObject({ leftToday: 0, quota: 100 });
    expect(spent.quotaReturnsAt!.getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    await limits.report({ ratePerSecond: 100, quota: { max24h: 200, sent24h: 98 }, isSendingEnabled: true }, 15);
    expect((await limits.status()).leftToday).toBe(102);
  });

  it('gives back what was not used, and no more than was given away', async () => {
    await account({ quota: { max24h: 100, sent24h: 80 } });
    await limits.lease(10, 0);
    expect((await limits.lease(10, 8)).count).toBe(10);
    expect((await limits.status()).leftToday).toBe(8);
    await limits.lease(1, 50);
    expect((await limits.status()).leftToday).toBe(19);
    const [{ count }] = await dataSource.query<{ count: string }[]>('SELECT sum(count) AS count FROM send_usage');
    expect(Number(count)).toBe(10 - 8 + 10 - 50 + 1);
  });

  it('is none for an account that may not send', async () => {
    await account({ isSendingEnabled: false });
    expect((await limits.lease(64, 0)).count).toBe(0);
    await limits.configure(null, false);
    expect((await limits.lease(64, 0)).count).toBe(64);
  });
});

describe('the rate after a throttle answer', () => {
  it('falls by three tenths at most once a second, and not below a tenth', async () => {
    await account();
    await limits.lowerRate();
    await limits.lowerRate();
    expect(await rate()).toBeCloseTo(70, 0);
    for (let count = 0; count < 12; count++) {
      await set(`throttled_at = throttled_at - interval '1 second'`);
      await limits.lowerRate();
    }
    expect(await rate()).toBeCloseTo(10, 0);
  });

  it('rises in a straight line, and is whole after five minutes at the latest', async () => {
    await account();
    await limits.lowerRate();
    await set(`throttled_at = now() - interval '30 seconds'`);
    expect(await rate()).toBeCloseTo(80, 0);
    await set(`lowered_rate = 10, throttled_at = now() - interval '150 seconds'`);
    expect(await rate()).toBeCloseTo(60, 0);
    await set(`throttled_at = now() - interval '5 minutes'`);
    expect(await rate()).toBe(100);
  });

  it('stays unknown where it was', async () => {
    await limits.lowerRate();
    expect(await rate()).toBeNull();
  });
});

describe('the provider is asked by one sender', () => {
  const asked = async (age: string) => {
    await set(`refreshed_at = now() - interval '${age}'`);
    const claims = await Promise.all([limits.claimRefresh(), limits.claimRefresh(), limits.claimRefresh()]);
    return claims.filter((granted) => granted !== null).length;
  };

  it('at first, and every five minutes', async () => {
    expect(await limits.claimRefresh()).toBe(0);
    expect(await asked('299 seconds')).toBe(0);
    expect(await asked('301 seconds')).toBe(1);
  });

  it('every half minute while the quota is spent or the account may not send', async () => {
    await account({ quota: { max24h: 10, sent24h: 10 } });
    expect([await asked('29 seconds'), await asked('31 seconds')]).toEqual([0, 1]);
    await account({ isSendingEnabled: false });
    expect([await asked('29 seconds'), await asked('31 seconds')]).toEqual([0, 1]);
  });

  it('ten seconds after it asked, when it has throttled since', async () => {
    await account();
    await set(`throttled_at = now()`);
    expect([await asked('9 seconds'), await asked('11 seconds')]).toEqual([0, 1]);
  });
});

it('knows when so many emails return to the quota', async () => {
  await dataSource.query(`INSERT INTO send_usage VALUES
    (date_trunc('minute', now()) - interval '23 hours', 10), (date_trunc('minute', now()) - interval '1 hour', 20)`);
  const inMinutes = async (count: number) => {
    const at = await limits.quotaReturn(count);
    return at && Math.round((at.getTime() - Date.now()) / 60_000);
  };
  expect(await inMinutes(10)).toBeGreaterThanOrEqual(60);
  expect(await inMinutes(10)).toBeLessThanOrEqual(61);
  expect(await inMinutes(11)).toBeGreaterThan(22 * 60);
  expect(await inMinutes(31)).toBeNull();
});

it('shows a pause until it is over or nobody renews it', async () => {
  await limits.pause(5_000, 'ses; 400 SendingPausedException');
  expect(await limits.status()).toMatchObject({ pauseReason: 'ses; 400 SendingPausedException' });
  await set(`paused_until = now() - interval '2 minutes'`);
  expect(await limits.status()).toMatchObject({ pausedUntil: null, pauseReason: null });
  await limits.pause(5_000, 'x');
  await limits.resume();
  expect(await limits.status()).toMatchObject({ pausedUntil: null, pauseReason: null });
});
