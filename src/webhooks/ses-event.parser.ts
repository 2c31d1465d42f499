import { checkJsonStructure } from '../http/json-structure.js';
import { dateIn, isObject, numberIn, objectIn, objectsIn, textIn, textsIn, type JsonObject } from './json-reader.js';
import {
  SES_EVENT_TYPES,
  type IgnoredSesMessage,
  type ParsedSesEvent,
  type RecipientDiagnosis,
  type SesClient,
  type SesEventType,
} from './ses-event.js';
import { storableJson } from './storable-json.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const EMAIL_ID_HEADER = 'x-messages-email-id';
const EMAIL_ID_TAG = 'request_id';

/** A mail of SES has 50 recipients at most. */
const MAX_RECIPIENTS = 50;

/** Where an event of a type keeps what it says, whom it is about, and how the first is read. */
interface Part {
  member: string;
  recipients?: string;
  details: (part: JsonObject) => Partial<ParsedSesEvent>;
}

const PARTS: Readonly<Record<SesEventType, Part>> = {
  Send: { member: 'send', details: () => ({}) },
  Delivery: { member: 'delivery', recipients: 'recipients', details: deliveryOf },
  Bounce: { member: 'bounce', recipients: 'bouncedRecipients', details: bounceOf },
  Complaint: { member: 'complaint', recipients: 'complainedRecipients', details: complaintOf },
  Reject: { member: 'reject', details: (part) => ({ reject: { reason: textIn(part, 'reason') } }) },
  Open: { member: 'open', details: (part) => ({ open: clientOf(part) }) },
  Click: { member: 'click', details: (part) => ({ click: { ...clientOf(part), link: textIn(part, 'link') } }) },
  RenderingFailure: { member: 'failure', details: renderingFailureOf },
  DeliveryDelay: { member: 'deliveryDelay', recipients: 'delayedRecipients', details: delayOf },
  Subscription: { member: 'subscription', details: subscriptionOf },
};

/**
 * What a verified notification's Message says. It never throws: an event in an unexpected shape must not come back for
 * ever. `publishedAt`, the notification's own time, stands in where the event has none.
 */
export function parseSesEvent(message: string, publishedAt: Date): ParsedSesEvent | IgnoredSesMessage {
  const raw = parseObject(message);
  if (raw === null) return { ignored: 'it is no JSON object' };
  const shape = textIn(raw, 'eventType') === null ? 'feedback' : 'event';
  const name = textIn(raw, 'eventType') ?? textIn(raw, 'notificationType');
  if (name === null) return { ignored: 'it has no type' };
  const mail = objectIn(raw, 'mail');
  const keys = {
    emailId: taggedId(mail),
    headerEmailId: headerId(mail),
    providerMessageId: textIn(mail, 'messageId'),
  };
  if (Object.values(keys).every((key) => key === null)) return { ignored: 'it names no mail' };
  const type = typeOf(name);
  const part = type === 'unknown' ? undefined : PARTS[type];
  const said = part === undefined ? {} : objectIn(raw, part.member);
  return {
    type,
    name,
    shape,
    occurredAt: dateIn(said, 'timestamp') ?? dateIn(mail, 'timestamp') ?? publishedAt,
    ...keys,
    recipients: recipientsOf(said, part?.recipients, mail),
    ...part?.details(said),
    raw,
  };
}

function parseObject(message: string): JsonObject | null {
  const text = storableJson(message);
  try {
    // Whoever may publish to the topic could send what JSON.stringify fails on later.
    checkJsonStructure(Buffer.from(text));
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function typeOf(name: string): SesEventType | 'unknown' {
  const type = name.replaceAll(' ', '');
  return SES_EVENT_TYPES.find((known) => known === type) ?? 'unknown';
}

function taggedId(mail: JsonObject): string | null {
  const [id, ...others] = textsIn(objectIn(mail, 'tags'), EMAIL_ID_TAG);
  return others.length === 0 ? uuid(id) : null;
}

function headerId(mail: JsonObject): string | null {
  const values = objectsIn(mail, 'headers')
    .filter((header) => textIn(header, 'name')?.toLowerCase() === EMAIL_ID_HEADER)
    .map((header) => textIn(header, 'value'));
  return values.length === 1 ? uuid(values[0]?.trim()) : null;
}

function uuid(text: string | undefined): string | null {
  return text !== undefined && UUID.test(text) ? text.toLowerCase() : null;
}

function recipientsOf(said: JsonObject, member: string | undefined, mail: JsonObject): string[] {
  const named =
    member === undefined
      ? []
      : [...textsIn(said, member), ...objectsIn(said, member).map((recipient) => textIn(recipient, 'emailAddress'))];
  const addresses = named.filter((address) => address !== null);
  return (addresses.length > 0 ? addresses : textsIn(mail, 'destination')).slice(0, MAX_RECIPIENTS).map(bareAddress);
}

/** Receiving servers report addresses in brackets, and with a name. */
function bareAddress(address: string): string {
  return /<([^<>]+)>\s*$/.exec(address)?.[1] ?? address.trim();
}

function deliveryOf(part: JsonObject): Partial<ParsedSesEvent> {
  const processingTimeMs = numberIn(part, 'processingTimeMillis');
  return { delivery: { smtpResponse: textIn(part, 'smtpResponse'), processingTimeMs } };
}

function bounceOf(part: JsonObject): Partial<ParsedSesEvent> {
  const type = textIn(part, 'bounceType');
  const subType = textIn(part, 'bounceSubType');
  const feedbackId = textIn(part, 'feedbackId');
  return { bounce: { type, subType, feedbackId, ...diagnosisOf(part, 'bouncedRecipients') } };
}

function complaintOf(part: JsonObject): Partial<ParsedSesEvent> {
  return {
    complaint: {
      feedbackType: textIn(part, 'complaintFeedbackType'),
      subType: textIn(part, 'complaintSubType'),
      feedbackId: textIn(part, 'feedbackId'),
      userAgent: textIn(part, 'userAgent'),
    },
  };
}

function delayOf(part: JsonObject): Partial<ParsedSesEvent> {
  const expiresAt = dateIn(part, 'expirationTime');
  return { delay: { type: textIn(part, 'delayType'), expiresAt, ...diagnosisOf(part, 'delayedRecipients') } };
}

function diagnosisOf(part: JsonObject, member: string): RecipientDiagnosis {
  const [first = {}] = objectsIn(part, member);
  return { status: textIn(first, 'status'), diagnosticCode: textIn(first, 'diagnosticCode') };
}

function clientOf(part: JsonObject): SesClient {
  return { ipAddress: textIn(part, 'ipAddress'), userAgent: textIn(part, 'userAgent') };
}

function renderingFailureOf(part: JsonObject): Partial<ParsedSesEvent> {
  const errorMessage = textIn(part, 'errorMessage');
  return { renderingFailure: { errorMessage, templateName: textIn(part, 'templateName') } };
}

function subscriptionOf(part: JsonObject): Partial<ParsedSesEvent> {
  return { subscription: { contactList: textIn(part, 'contactList'), source: textIn(part, 'source') } };
}
