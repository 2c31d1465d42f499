import { describe, expect, it } from 'vitest';
import { translateDatabaseError } from './translate-error.js';

function withCode(code: string): Error {
  return Object.assign(new Error('secret dsn'), { code });
}

describe('translateDatabaseError', () => {
  it.each([
    '08006',
    '08001',
    '57P01',
    '57P03',
    '57014',
    '53300',
    '25006',
    '40001',
    '40P01',
    '55P03',
    'ECONNREFUSED',
    'ECONNRESET',
  ])('takes %s for a database that is away', (code) => {
    expect(translateDatabaseError(withCode(code))).toMatchObject({
      code: 'database_unavailable',
      retryAfterSeconds: 2,
    });
  });

  it.each(['timeout exceeded when trying to connect', 'Connection terminated unexpectedly', 'Query read timeout'])(
    'takes "%s" for a database that is away',
    (message) => {
      expect(translateDatabaseError(new Error(message))?.code).toBe('database_unavailable');
    },
  );

  it('looks into a failure of several addresses', () => {
    expect(translateDatabaseError(new AggregateError([withCode('ECONNREFUSED')]))?.code).toBe('database_unavailable');
  });

  it('leaves faults of ours alone, and says nothing of theirs', () => {
    for (const code of ['23505', '42601', '22021', 'ERR_ASSERTION']) {
      expect(translateDatabaseError(withCode(code))).toBeUndefined();
    }
    expect(translateDatabaseError('08006')).toBeUndefined();
    expect(translateDatabaseError(withCode('08006'))?.detail).not.toContain('secret');
  });
});
