import { isUtf8 } from 'node:buffer';
import { checkJsonStructure } from '../http/json-structure.js';
import { AppError } from '../runtime/errors.js';

interface SnsEnvelope {
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Timestamp: string;
  /** What proves the message may be missing: it is then refused like one with a wrong signature. */
  readonly SignatureVersion?: string;
  readonly Signature?: string;
  readonly SigningCertURL?: string;
}

export interface SnsNotification extends SnsEnvelope {
  readonly Type: 'Notification';
  readonly Subject?: string;
}

export interface SnsSubscriptionConfirmation extends SnsEnvelope {
  readonly Type: 'SubscriptionConfirmation';
  readonly Token: string;
  /** Signed with the rest, and never fetched: a URL in a message is the sender's choice of whom we call. */
  readonly SubscribeURL: string;
}

export interface SnsUnsubscribeConfirmation extends SnsEnvelope {
  readonly Type: 'UnsubscribeConfirmation';
  readonly Token: string;
  readonly SubscribeURL: string;
}

export type SnsMessage = SnsNotification | SnsSubscriptionConfirmation | SnsUnsubscribeConfirmation;

/** In UTF-16 code units; the body's own limit bounds Message. SNS's values are well below: tokens have some 330. */
const MAX_LENGTHS = {
  Type: 32,
  MessageId: 100,
  TopicArn: 400,
  Message: Infinity,
  Timestamp: 40,
  SignatureVersion: 16,
  Signature: 2_048,
  SigningCertURL: 2_048,
  Subject: 1_024,
  Token: 1_024,
  SubscribeURL: 4_096,
} as const;

type Field = keyof typeof MAX_LENGTHS;

/** From the request's bytes; whatever SNS would not send is 400, for SNS never has to repeat it. */
export function readSnsMessage(body: Buffer): SnsMessage {
  const fields = parseObject(body);
  const envelope = {
    MessageId: required(fields, 'MessageId'),
    TopicArn: required(fields, 'TopicArn'),
    Message: required(fields, 'Message'),
    Timestamp: required(fields, 'Timestamp'),
    SignatureVersion: optional(fields, 'SignatureVersion'),
    Signature: optional(fields, 'Signature'),
    SigningCertURL: optional(fields, 'SigningCertURL'),
  };
  // It becomes a key in the database, which takes no NUL.
  if (!/^[\x21-\x7e]+$/.test(envelope.MessageId)) throw notSns('MessageId is not one.');
  const Type = required(fields, 'Type');
  if (Type === 'Notification') return { ...envelope, Type, Subject: optional(fields, 'Subject') };
  if (Type !== 'SubscriptionConfirmation' && Type !== 'UnsubscribeConfirmation') throw notSns('Its Type is unknown.');
  return { ...envelope, Type, Token: required(fields, 'Token'), SubscribeURL: required(fields, 'SubscribeURL') };
}

const NOTIFICATION_FIELDS = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const;
const CONFIRMATION_FIELDS = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const;

/** What the signature covers (AWS, "Verifying the signatures of Amazon SNS messages"); an absent Subject is left out. */
export function stringToSign(message: SnsMessage): string {
  const values = message as Partial<Record<Field, string>>;
  let text = '';
  for (const name of message.Type === 'Notification' ? NOTIFICATION_FIELDS : CONFIRMATION_FIELDS) {
    const value = values[name];
    if (value !== undefined) text += `${name}\n${value}\n`;
  }
  return text;
}

function parseObject(body: Buffer): Record<string, unknown> {
  checkJsonStructure(body);
  if (!isUtf8(body)) throw notSns('It is not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8', startsWithBom(body) ? 3 : 0));
  } catch (error) {
    throw notSns('It is not JSON.', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notSns('It is not a JSON object.');
  return value as Record<string, unknown>;
}

function startsWithBom(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

function required(fields: Record<string, unknown>, name: Field): string {
  const value = optional(fields, name);
  if (value === undefined) throw notSns(`It has no ${name}.`);
  return value;
}

function optional(fields: Record<string, unknown>, name: Field): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw notSns(`Its ${name} is not a string.`);
  if (value.length > MAX_LENGTHS[name]) throw notSns(`Its ${name} is too long.`);
  return value;
}

function notSns(why: string, cause?: unknown): AppError {
  return new AppError('not_sns', `The body is not an SNS message. ${why}`, { cause });
}
