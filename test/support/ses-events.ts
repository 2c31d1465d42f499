import { EVENT_TYPES, type EventType } from '../../src/contracts/event-types.js';

/** A fact as SES reports it. Two with the same fields are the same fact. */
export interface SesFact {
  type: EventType;
  /** When it happened, in seconds after the mail was sent. */
  second: number;
  /** Of a Bounce: Transient where false. Of an Open or Click: by a program. */
  flag: boolean;
}

export const FACT_TYPES = EVENT_TYPES;

/** Those that an identity's feedback knows too. */
const FEEDBACK_TYPES: readonly EventType[] = ['Bounce', 'Complaint', 'Delivery'];

const SENT_AT = Date.parse('2026-01-01T00:00:00Z');
const BROWSER = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36';
const MACHINE = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)';

/** The event of a fact; as feedback, with our header, where it is asked for and SES has it. */
export function sesEvent(emailId: string, address: string, fact: SesFact, asFeedback = false): object {
  const { type } = fact;
  const isFeedback = asFeedback && FEEDBACK_TYPES.includes(type);
  const mail = {
    timestamp: new Date(SENT_AT).toISOString(),
    messageId: `provider-${emailId}`,
    destination: [address],
    ...(isFeedback
      ? { headers: [{ name: 'X-Messages-Email-ID', value: emailId }] }
      : { tags: { request_id: [emailId], topic_id: ['any'] } }),
  };
  const name = type === 'RenderingFailure' ? 'Rendering Failure' : type;
  return { [isFeedback ? 'notificationType' : 'eventType']: name, mail, ...partOf(fact, address) };
}

function partOf({ type, second, flag }: SesFact, address: string): object {
  const timestamp = new Date(SENT_AT + second * 1000).toISOString();
  const client = { timestamp, ipAddress: '192.0.2.1', userAgent: flag ? MACHINE : BROWSER };
  const diagnosis = { emailAddress: address, status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown' };
  switch (type) {
    case 'Send':
      return { send: {} };
    case 'Delivery':
      return { delivery: { timestamp, recipients: [address], smtpResponse: '250 ok' } };
    case 'Bounce':
      return { bounce: { timestamp, bounceType: flag ? 'Permanent' : 'Transient', bouncedRecipients: [diagnosis] } };
    case 'Complaint':
      return { complaint: { timestamp, complainedRecipients: [{ emailAddress: address }] } };
    case 'Reject':
      return { reject: { reason: 'Bad content' } };
    case 'Open':
      return { open: client };
    case 'Click':
      return { click: { ...client, link: 'https://example.com/' } };
    case 'RenderingFailure':
      return { failure: { errorMessage: 'Bad content', templateName: 't' } };
    case 'DeliveryDelay':
      return { deliveryDelay: { timestamp, delayType: 'General', delayedRecipients: [diagnosis] } };
    case 'Subscription':
      return { subscription: { timestamp, contactList: 'list', source: 'UnsubscribeHeader' } };
  }
}
