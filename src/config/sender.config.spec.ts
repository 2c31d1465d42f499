import { describe, expect, it } from 'vitest';
import { validateFor } from './environment.js';
import { senderConfig } from './sender.config.js';

function sender(environment: Record<string, string>) {
  validateFor('sender')({ DATABASE_URL: 'postgresql://localhost/messages', ...environment });
  return senderConfig();
}

it('refuses to start without a transport and names the three', () => {
  expect(() => sender({})).toThrow(/SENDER_TRANSPORT: is required by the sender: smtp, ses or log/);
});

it.each([
  ['smtp', 'SMTP_URL', 'smtp://user:p%40ss@mail.example:587'],
  ['log', 'MAILBOX_DIR', './mailbox'],
])('needs, with the transport %s, %s', (SENDER_TRANSPORT, name, value) => {
  expect(() => sender({ SENDER_TRANSPORT })).toThrow(`${name}: is required with SENDER_TRANSPORT=${SENDER_TRANSPORT}`);
  expect(sender({ SENDER_TRANSPORT, [name]: value }).transport).toBe(SENDER_TRANSPORT);
});

it('has defaults for the rest', () => {
  expect(sender({ SENDER_TRANSPORT: 'SMTP', SMTP_URL: 'smtps://mail.example' })).toEqual({
    transport: 'smtp',
    smtpUrl: 'smtps://mail.example',
    mailboxDir: null,
    fromEmail: 'no-reply@localhost',
    concurrency: 64,
    ratePerSecond: 0,
    sesConfigurationSet: null,
    ambiguousSends: 'resend',
  });
});

it('waits for the proving event of a doubtful send where SES publishes one', () => {
  expect(sender({ SENDER_TRANSPORT: 'ses' }).ambiguousSends).toBe('resend');
  expect(sender({ SENDER_TRANSPORT: 'ses', SES_CONFIGURATION_SET: 'events' })).toMatchObject({
    sesConfigurationSet: 'events',
    ambiguousSends: 'confirm',
  });
});

it('does not start beside an external sender', () => {
  const environment = { SENDER_TRANSPORT: 'log', MAILBOX_DIR: 'mail', EXTERNAL_SENDER: 'true' };
  expect(() => sender(environment)).toThrow(/EXTERNAL_SENDER: must be false for this sender to start/);
  expect(() =>
    validateFor('cli')({ DATABASE_URL: 'postgresql://localhost/messages', EXTERNAL_SENDER: 'true' }),
  ).not.toThrow();
});

describe('values', () => {
  const log = { SENDER_TRANSPORT: 'log', MAILBOX_DIR: 'mail' };

  it.each([
    ['SMTP_URL', 'mail.example:25'],
    ['FROM_EMAIL', 'Shop <shop@example.com>'],
    ['FROM_EMAIL', 'nobody'],
    ['SENDER_CONCURRENCY', '0'],
    ['AMBIGUOUS_SENDS', 'maybe'],
    ['SES_CONFIGURATION_SET', 'my set'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => sender({ ...log, [name]: value })).toThrow(name);
  });

  it('keeps to a given policy for doubtful sends', () => {
    const ses = { SENDER_TRANSPORT: 'ses', SES_CONFIGURATION_SET: 'events', AMBIGUOUS_SENDS: 'resend' };
    expect(sender(ses).ambiguousSends).toBe('resend');
  });

  it.each([log, { SENDER_TRANSPORT: 'ses' }])('refuses to wait for events that never come, with %j', (environment) => {
    expect(() => sender({ ...environment, AMBIGUOUS_SENDS: 'confirm' })).toThrow(/AMBIGUOUS_SENDS: confirm waits/);
  });
});
