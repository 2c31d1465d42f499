import { afterEach, expect, it, vi } from 'vitest';
import { crashConfig } from './crash.config.js';
import { validateFor } from './environment.js';

afterEach(() => vi.unstubAllEnvs());

function crash(CRASH_AT: string, NODE_ENV = 'test') {
  vi.stubEnv('NODE_ENV', NODE_ENV);
  validateFor('gateway')({ DATABASE_URL: 'postgresql://localhost/messages', API_KEY: '0123456789abcdef', CRASH_AT });
  return crashConfig().at;
}

it('names a point and the how many-th time', () => {
  expect(crash('sender.claim:12')).toEqual({ point: 'sender.claim', count: 12 });
  expect(crash('')).toBeNull();
});

it.each(['sender.claim', 'sender.claim:0', 'sender.claim:-1', ':1', 'sender.claim:1:1'])('is not %s', (text) => {
  expect(() => crash(text)).toThrow(/CRASH_AT must be a crash point/);
});

it.each(['production', 'development', ''])('is refused under NODE_ENV=%s', (environment) => {
  expect(() => crash('sender.claim:1', environment)).toThrow(/CRASH_AT .* is for tests alone/);
  expect(crash('', environment)).toBeNull();
});
