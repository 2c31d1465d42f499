import { describe, expect, it } from 'vitest';
import { type TransportConfig, transportFor } from './transport.factory.js';

const config: TransportConfig = {
  transport: 'smtp',
  smtpUrl: 'smtp://127.0.0.1:1025',
  mailboxDir: 'mailbox',
  fromEmail: 'Example <no-reply@example.com>',
  concurrency: 4,
  sesConfigurationSet: null,
};

describe('transportFor', () => {
  it.each(['smtp', 'ses', 'log'] as const)('makes the %s transport', async (transport) => {
    const made = transportFor({ ...config, transport });
    expect(made.name).toBe(transport);
    await made.close();
  });

  it.each<[string, Partial<TransportConfig>, RegExp]>([
    ['smtp without a URL', { smtpUrl: null }, /SMTP_URL/],
    ['log without a folder', { transport: 'log', mailboxDir: '' }, /MAILBOX_DIR/],
    ['a sender without an address', { fromEmail: 'Example' }, /FROM_EMAIL/],
    ['two senders', { fromEmail: 'a@example.com, b@example.com' }, /FROM_EMAIL/],
    ['a sender with a line break', { fromEmail: 'a@example.com\r\nBcc: b@example.com' }, /FROM_EMAIL/],
  ])('refuses %s', (_what, overrides, message) => {
    expect(() => transportFor({ ...config, ...overrides })).toThrow(message);
  });
});
