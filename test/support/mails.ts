import { randomUUID } from 'node:crypto';
import { type Mail } from '../../src/sender/transports/transport.js';

export function aMail(overrides: Partial<Mail> = {}): Mail {
  return {
    id: randomUUID(),
    topicId: 'welcome',
    messageId: randomUUID(),
    from: 'Example <no-reply@example.com>',
    to: 'ada@example.net',
    subject: 'Welcome',
    html: '<p>Hello</p>',
    ...overrides,
  };
}
