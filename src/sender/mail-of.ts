import type { ComposedEmail } from '../compose/email-template.js';
import type { MessageTemplates } from '../compose/message-templates.js';
import { isReference, type Payload } from '../contracts/payload.js';
import type { ClaimedEmail } from '../messages/judging.js';
import { type Mail, TransportError } from './transports/transport.js';

/** The loaded messages of a claim, by id. */
export type Contents = ReadonlyMap<string, MessageTemplates>;

/** What is handed to the transport: the content from the stream or the ledger, the rest from the ledger alone. */
export function mailOf(payload: Payload, email: ClaimedEmail, contents: Contents, defaultFrom: string): Mail {
  const { from = defaultFrom, ...composed } = composedEmail(payload, email, contents);
  return { id: email.id, topicId: email.topicId, messageId: email.messageId, to: email.address, from, ...composed };
}

function composedEmail(payload: Payload, email: ClaimedEmail, contents: Contents): ComposedEmail {
  if (!isReference(payload)) {
    const { subject, body: html, text, from, reply_to: replyTo, headers, tags } = payload;
    return { subject, html, text, from, replyTo, headers, tags };
  }
  const templates = contents.get(email.messageId);
  // The stream is never believed: what it names as the content is not what the ledger knows.
  if (!templates) throw new TransportError('permanent', 'reference; it names another message than the ledger');
  return templates.of(email.tracking).emailOf(email);
}
