import { describe, expect, it } from 'vitest';
import { aMail } from '../../../test/support/mails.js';
import { composeSes } from './ses-message.js';
import type { Mail } from './transport.js';

const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`X-N-${n}`, 'x']));

describe('a mail for SES', () => {
  it('is simple, with everything that it carries', async () => {
    const mail = aMail({
      text: 'Hello',
      replyTo: 'Ünal <a@example.com>',
      headers: { 'X-A': 'b' },
      tags: { kind: 'x' },
    });
    expect(await composeSes(mail, 'gateway')).toEqual({
      FromEmailAddress: 'Example <no-reply@example.com>',
      ReplyToAddresses: ['=?UTF-8?B?w5xuYWw=?= <a@example.com>'],
      Destination: { ToAddresses: ['ada@example.net'] },
      ConfigurationSetName: 'gateway',
      EmailTags: [
        { Name: 'kind', Value: 'x' },
        { Name: 'request_id', Value: mail.id },
        { Name: 'topic_id', Value: 'welcome' },
      ],
      Content: {
        Simple: {
          Subject: { Data: 'Welcome', Charset: 'UTF-8' },
          Body: { Html: { Data: '<p>Hello</p>', Charset: 'UTF-8' }, Text: { Data: 'Hello', Charset: 'UTF-8' } },
          Headers: [
            { Name: 'X-Messages-Email-ID', Value: mail.id },
            { Name: 'X-Messages-Topic-ID', Value: 'welcome' },
            { Name: 'X-A', Value: 'b' },
          ],
        },
      },
    });
  });

  it('has neither configuration set nor topic where there is none', async () => {
    const { ConfigurationSetName, EmailTags } = await composeSes(aMail({ topicId: '' }), null);
    expect(ConfigurationSetName).toBeUndefined();
    expect(EmailTags).toHaveLength(1);
  });

  it.each<[string, Partial<Mail>]>([
    ['13 headers', { headers: numbered(13) }],
    ['a header of 870 characters', { headers: { 'X-A': 'x'.repeat(870) } }],
    ['a subject in any script', { subject: 'Grüße 😀' }],
  ])('is simple with %s', async (_what, fields) => {
    expect((await composeSes(aMail(fields), null)).Content).toHaveProperty('Simple');
  });

  it.each<[string, Partial<Mail>]>([
    ['14 headers', { headers: numbered(14) }],
    ['a header of 871 characters', { headers: { 'X-A': 'x'.repeat(871) } }],
    ['a subject that looks encoded', { subject: 'What is =?utf-8?Q?x?=' }],
    ['a sender name of 300 characters', { from: `${'x'.repeat(300)} <no-reply@example.com>` }],
  ])('is raw with %s', async (_what, fields) => {
    const { Content, Destination, FromEmailAddress } = await composeSes(aMail(fields), null);
    expect(Content).toHaveProperty('Raw');
    expect({ Destination, FromEmailAddress }).toEqual({
      Destination: { ToAddresses: ['ada@example.net'] },
      FromEmailAddress: 'no-reply@example.com',
    });
  });

  it.each<[string, Record<string, string>]>([
    ['a tag of ours', { request_id: 'x' }],
    ['a character that no tag has', { kind: 'a b' }],
    ['an empty tag', { kind: '' }],
    ['49 tags', Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`n${n}`, 'x']))],
  ])('is refused with %s', async (_what, tags) => {
    await expect(composeSes(aMail({ tags }), null)).rejects.toMatchObject({ kind: 'permanent' });
  });
});
