import type { MessageContent } from '../../src/compose/email-template.js';
import type { MessageExtras } from '../../src/messages/messages.repository.js';

/** A message that has nothing but its content. */
export const NO_EXTRAS: MessageExtras = {
  text: null,
  fromEmail: null,
  replyTo: null,
  headers: null,
  tags: null,
  variables: null,
  unsubscribe: false,
  expiresAt: null,
};

export function aMessage(overrides: Partial<MessageContent> = {}): MessageContent {
  return {
    ...NO_EXTRAS,
    id: '01900000-0000-7000-8000-0000000000bb',
    topicId: 'news',
    subject: 'Hello',
    content: '<p>Hello</p>',
    ...overrides,
  };
}
