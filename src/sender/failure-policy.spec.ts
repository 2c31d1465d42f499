import { describe, expect, it } from 'vitest';
import { resultOf } from './failure-policy.js';
import { TransportError } from './transports/transport.js';

describe('resultOf', () => {
  it('fails what can never succeed', () => {
    expect(resultOf(new TransportError('permanent', '550 no such user'), 1, 'resend')).toEqual({
      state: 'failed',
      reason: '550 no such user',
    });
  });

  it('leaves an ambiguous send uncertain, or repeats it where that is the policy', () => {
    const error = new TransportError('ambiguous', 'connection lost after DATA');
    expect(resultOf(error, 1, 'confirm')).toMatchObject({ state: 'uncertain' });
    expect(resultOf(error, 1, 'resend')).toMatchObject({ state: 'pending', isAttempt: true });
  });

  it.each(['throttled', 'unavailable'] as const)('uses up no attempt when the provider is %s', (kind) => {
    expect(resultOf(new TransportError(kind, 'later'), 5, 'confirm')).toMatchObject({
      state: 'pending',
      isAttempt: false,
    });
  });

  it('gives up a temporary failure only after a day of attempts', () => {
    const error = new TransportError('temporary', '450 busy');
    expect(resultOf(error, 299, 'confirm')).toMatchObject({ state: 'pending', isAttempt: true });
    expect(resultOf(error, 300, 'confirm')).toMatchObject({
      state: 'failed',
      reason: 'gave up after 300 attempts; 450 busy',
    });
  });
});
