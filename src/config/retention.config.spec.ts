import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { RetentionVariables } from './retention.config.js';

const NEEDED = { API_KEY: 'a-key-of-enough-bytes', DATABASE_URL: 'postgres://localhost/messages' };

function read(env: Record<string, string>): RetentionVariables {
  const found = readEnvironment({ ...NEEDED, ...env }, 'gateway').find((area) => area instanceof RetentionVariables);
  return found as RetentionVariables;
}

describe('retention', () => {
  it('keeps content for 30 days and events for 400, unless told otherwise', () => {
    expect(read({})).toMatchObject({ RETENTION_DAYS: 30, EVENT_RETENTION_DAYS: 400 });
    const set = { RETENTION_DAYS: '0', EVENT_RETENTION_DAYS: '0' };
    expect(read(set)).toMatchObject({ RETENTION_DAYS: 0, EVENT_RETENTION_DAYS: 0 });
  });

  it.each([
    [{ EVENT_RETENTION_DAYS: '7', RETENTION_DAYS: '7' }, /must be 0 or at least 8/],
    [{ EVENT_RETENTION_DAYS: '20' }, /content goes with its emails/],
    [{ RETENTION_DAYS: '0' }, /content goes with its emails/],
    [{ RETENTION_DAYS: '-1' }, /RETENTION_DAYS must not be less than 0/],
  ])('refuses %o', (env, fault) => {
    expect(() => read(env)).toThrow(EnvironmentError);
    expect(() => read(env)).toThrow(fault);
  });
});
