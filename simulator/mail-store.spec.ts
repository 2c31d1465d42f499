import { expect, it } from 'vitest';
import { MailStore, type NewMail } from './mail-store.js';

function aMail(html: string): NewMail {
  const content = { subject: 's', html, text: null, headers: [] };
  return {
    providerMessageId: null,
    from: 'a@example.com',
    to: ['b@example.net'],
    tags: {},
    receivedAt: new Date(),
    content,
  };
}

it('makes room for new mail by number and by size, the oldest first', () => {
  const store = new MailStore({ mails: 3, bytes: 100 });
  for (let index = 0; index < 5; index++) store.add(aMail('x'));
  expect(store.page({ limit: 10 }).mails.map(({ id }) => id)).toEqual([5, 4, 3]);
  store.add(aMail('x'.repeat(99)));
  expect(store.page({ limit: 10 }).mails.map(({ id }) => id)).toEqual([6, 5]);
  expect([store.received, store.size]).toEqual([6, 2]);
});

it('keeps counting after it was emptied', () => {
  const store = new MailStore();
  store.add(aMail('x'));
  store.clear();
  expect([store.add(aMail('x')).id, store.received, store.size]).toEqual([2, 2, 1]);
});
