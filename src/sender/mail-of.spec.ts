import { describe, expect, it } from 'vitest';
import { aMessage } from '../../test/support/messages.js';
import { MessageTemplates } from '../compose/message-templates.js';
import type { InlinePayload } from '../contracts/payload.js';
import { TRACKS_CLICKS } from '../contracts/tracking-bits.js';
import type { ClaimedEmail } from '../messages/judging.js';
import { mailOf } from './mail-of.js';
import { TransportError } from './transports/transport.js';

const id = '01900000-0000-7000-8000-0000000000aa';
const message = aMessage({
  subject: 'Hi {{name}}',
  content: '<a href="https://x.yz/">Hi {{name}}</a>',
  text: 'Hi {{name}}',
  replyTo: 'help@example.com',
  headers: { 'X-A': 'b' },
  tags: { kind: 'news' },
});
const claimed: ClaimedEmail = {
  id,
  verdict: 'send',
  address: 'stored@example.com',
  tracking: TRACKS_CLICKS,
  variables: { name: 'Ada' },
  batchId: id,
  messageId: message.id,
  topicId: 'news',
  attempt: 1,
};
const links = { publicUrl: 'https://mail.example.com', secret: 'a secret of sixteen' };
const templates = new MessageTemplates({ ...message, trackOpens: true, trackClicks: false }, links);
const contents = new Map([[message.id, templates]]);
const reference = { uuid: id, message_id: message.id };
const identity = { id, topicId: 'news', messageId: message.id, to: 'stored@example.com' };

describe('a mail', () => {
  it('is made of a whole payload, but for what the ledger knows', () => {
    const payload: InlinePayload = {
      uuid: id,
      email: 'other@example.com',
      subject: 's',
      body: 'b',
      text: 't',
      from: 'jane@example.com',
      reply_to: 'help@example.com',
      headers: { 'X-A': 'b' },
      tags: { kind: 'news' },
      topic_id: 'other',
      message_id: id,
    };
    expect(mailOf(payload, claimed, new Map(), 'no-reply@example.com')).toEqual({
      ...identity,
      from: 'jane@example.com',
      subject: 's',
      html: 'b',
      text: 't',
      replyTo: 'help@example.com',
      headers: { 'X-A': 'b' },
      tags: { kind: 'news' },
    });
  });

  it('is composed for a reference, with the email’s own variables and tracking', () => {
    expect(mailOf(reference, claimed, contents, 'no-reply@example.com')).toEqual({
      ...identity,
      from: 'no-reply@example.com',
      subject: 'Hi Ada',
      html: expect.stringMatching(
        /^<a href="https:\/\/mail\.example\.com\/v1\/events\/click\?[^"]+">Hi Ada<\/a>$/,
      ) as string,
      text: 'Hi Ada',
      replyTo: 'help@example.com',
      headers: { 'X-A': 'b' },
      tags: { kind: 'news' },
    });
  });

  it('is never made of another message than the ledger’s', () => {
    const other = { ...claimed, messageId: id };
    expect(() => mailOf(reference, other, contents, 'no-reply@example.com')).toThrow(TransportError);
  });
});
