import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { validateFor } from './environment.js';
import { natsConfig } from './nats.config.js';

const file = fileURLToPath(import.meta.url);

function nats(environment: Record<string, string>) {
  validateFor('cli')({ DATABASE_URL: 'postgresql://localhost/messages', ...environment });
  return natsConfig();
}

describe('NATS_URL', () => {
  it.each([
    ['nats://a.example:4333', { servers: ['a.example:4333'], tls: false }],
    ['a.example', { servers: ['a.example:4222'], tls: false }],
    ['nats://a:1, b:2 ,nats://c/', { servers: ['a:1', 'b:2', 'c:4222'], tls: false }],
    ['tls://a,b', { servers: ['a:4222', 'b:4222'], tls: true }],
    ['nats://[::1]:4223', { servers: ['[::1]:4223'], tls: false }],
    ['nats://me:p%40ss@a,b', { servers: ['a:4222', 'b:4222'], user: 'me', pass: 'p@ss' }],
    ['nats://me:secret@a,nats://me:secret@b', { servers: ['a:4222', 'b:4222'], user: 'me', pass: 'secret' }],
    ['tls://token@a', { servers: ['a:4222'], tls: true, token: 'token' }],
  ])('%s', (NATS_URL, expected) => {
    expect(nats({ NATS_URL })).toMatchObject(expected);
  });

  it('has no credentials where none are given', () => {
    expect(Object.keys(nats({ NATS_URL: 'nats://a' }))).not.toEqual(expect.arrayContaining(['user']));
    expect(nats({ NATS_URL: 'nats://token@a' })).not.toHaveProperty('user');
    expect(nats({ NATS_URL: 'nats://me:secret@a' })).not.toHaveProperty('token');
  });

  it.each(['http://a', 'ws://a', 'nats://', 'nats://a:99999', 'nats://a/path', 'nats://a,,b', 'nats://a?x=1'])(
    'is not %s',
    (NATS_URL) => {
      expect(() => nats({ NATS_URL })).toThrow(/NATS_URL must be one or several of nats:/);
    },
  );

  it('does not mix credentials', () => {
    expect(() => nats({ NATS_URL: 'nats://me:1@a,nats://you:2@b' })).toThrow(/must not hold different credentials/);
    expect(() => nats({ NATS_URL: 'nats://me:1@a', NATS_CREDS: file })).toThrow(/must not both hold credentials/);
  });
});

describe('files', () => {
  it('are named, the authority demanding TLS', () => {
    expect(nats({ NATS_CREDS: file, NATS_CA: file })).toMatchObject({ credsFile: file, caFile: file, tls: true });
  });

  it('must be readable', () => {
    const faults = /NATS_CREDS must name a file that can be read .*\n.*NATS_CA must name a file/;
    expect(() => nats({ NATS_CREDS: '/missing.creds', NATS_CA: '/missing.pem' })).toThrow(faults);
  });
});

describe('names', () => {
  it.each(['a b', 'a.b', 'a*', '>', 'a/b', 'a\\b', 'a\tb'])('%s is no stream and no consumer', (name) => {
    expect(() => nats({ NATS_STREAM: name })).toThrow(/NATS_STREAM must be a name/);
    expect(() => nats({ NATS_CONSUMER: name })).toThrow(/NATS_CONSUMER must be a name/);
  });

  it.each(['a.*', 'a.>', 'a b', '.a', 'a.', 'a..b', '$JS.API'])('%s is no subject', (NATS_SUBJECT) => {
    expect(() => nats({ NATS_SUBJECT })).toThrow(/NATS_SUBJECT must be a subject/);
  });

  it.each(['messages', 'messages.email', 'eu-1.mail_out.email'])('%s is a subject', (NATS_SUBJECT) => {
    expect(nats({ NATS_SUBJECT }).subject).toBe(NATS_SUBJECT);
  });
});

it('takes 1, 3 or 5 replicas', () => {
  expect(nats({ NATS_REPLICAS: '3' }).replicas).toBe(3);
  for (const NATS_REPLICAS of ['0', '2', '7']) expect(() => nats({ NATS_REPLICAS })).toThrow(/1, 3, 5/);
});

describe('NATS_PAYLOAD', () => {
  it('is inline, or reference where the sender is ours', () => {
    expect(nats({}).payload).toBe('inline');
    expect(nats({ NATS_PAYLOAD: 'Reference' }).payload).toBe('reference');
    expect(() => nats({ NATS_PAYLOAD: 'reference', EXTERNAL_SENDER: 'true' })).toThrow(
      /EXTERNAL_SENDER, NATS_PAYLOAD: an external sender cannot resolve references/,
    );
  });
});
