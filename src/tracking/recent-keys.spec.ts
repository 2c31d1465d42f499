import { describe, expect, it } from 'vitest';
import { RecentKeys } from './recent-keys.js';

describe('RecentKeys', () => {
  it('remembers at least half of its limit', () => {
    const keys = new RecentKeys(10);
    for (let key = 0; key < 100; key++) keys.add(`${key}`);
    for (let key = 95; key < 100; key++) expect(keys.has(`${key}`), `${key}`).toBe(true);
  });

  it('forgets what was added long ago', () => {
    const keys = new RecentKeys(10);
    for (let key = 0; key < 100; key++) keys.add(`${key}`);
    expect(Array.from({ length: 90 }, (_, key) => keys.has(`${key}`))).not.toContain(true);
  });

  it('keeps what is seen again', () => {
    const keys = new RecentKeys(10);
    keys.add('seen');
    for (let key = 0; key < 100; key++) {
      keys.add(`${key}`);
      expect(keys.has('seen'), `after ${key}`).toBe(true);
    }
  });
});
