import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authConfig } from './auth.config.js';
import { validateFor } from './environment.js';

const [first, second] = ['first-key-16-byte', 'second-key-16-byte='];

function keys(environment: Record<string, string>) {
  validateFor('gateway')({ DATABASE_URL: 'postgresql://localhost/messages', ...environment });
  return authConfig().keys;
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

describe('API_KEY', () => {
  it('holds keys by their digests, all under one name', () => {
    expect(keys({ API_KEY: ` ${first}, ${second} ` })).toEqual([
      { name: 'default', readOnly: false, digest: digest(first) },
      { name: 'default', readOnly: false, digest: digest(second) },
    ]);
  });

  it.each([
    [`${first},short`, /must have at least 16 bytes in key 2/],
    [`${first},${first}`, /must not hold the same key twice/],
    [', ,', /must hold at least one key/],
    ['a key with spaces in it', /must be printable ASCII/],
    ['schlüssel-mit-umlaut', /must be printable ASCII/],
  ])('refuses %s', (API_KEY, fault) => {
    expect(() => keys({ API_KEY })).toThrow(fault);
  });
});

describe('API_KEYS', () => {
  it('names keys, which may hold an equals sign, and marks those that only read', () => {
    expect(keys({ API_KEYS: `shop=${first},reports:read=${second}` })).toEqual([
      { name: 'shop', readOnly: false, digest: digest(first) },
      { name: 'reports', readOnly: true, digest: digest(second) },
    ]);
  });

  it('adds to API_KEY', () => {
    expect(keys({ API_KEY: first, API_KEYS: `shop=${second}` }).map(({ name }) => name)).toEqual(['default', 'shop']);
  });

  it.each([
    [{ API_KEYS: `shop=${first},shop:read=${second}` }, /must not use a name twice/],
    [{ API_KEYS: `shop=${first},office=${first}` }, /must not hold the same key twice/],
    [{ API_KEYS: `shop=${first},${first}` }, /must be name=key or name:read=key in entry 2/],
    [{ API_KEYS: 'shop=short' }, /must have at least 16 bytes in entry 1/],
    [{ API_KEYS: `shop:write=${first}` }, /must be name=key/],
    [{ API_KEY: first, API_KEYS: `shop=${first}` }, /API_KEY, API_KEYS: must not hold the same key twice/],
    [{ API_KEY: first, API_KEYS: `default=${second}` }, /the name "default" belongs to API_KEY/],
  ])('refuses %o', (environment, fault) => {
    expect(() => keys(environment)).toThrow(fault);
  });
});

describe('no key at all', () => {
  it('is refused for the gateway alone', () => {
    const environment = {
      DATABASE_URL: 'postgresql://localhost/messages',
      SENDER_TRANSPORT: 'log',
      MAILBOX_DIR: 'mail',
    };
    expect(() => validateFor('gateway')(environment)).toThrow(/API_KEY, API_KEYS: one of them must hold a key/);
    expect(() => validateFor('sender')(environment)).not.toThrow();
    expect(() => validateFor('cli')(environment)).not.toThrow();
  });
});
