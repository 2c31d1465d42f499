import addressparser from 'nodemailer/lib/addressparser';
import { type MailContent, parseContent } from './mail-store.js';
import { SesError } from './ses-error.js';
import type { MailHeader } from './ses-events.js';

/** A SendEmail request, checked. */
export interface OutboundEmail {
  from: string;
  /** Bare addresses. */
  to: string[];
  content: MailContent;
  /** The message as given, of a Raw request. */
  raw: Buffer | null;
  tags: Record<string, string[]>;
  configurationSet: string | null;
}

type Json = Record<string, unknown>;

const MAX_RECIPIENTS = 50;
const TAG = /^[A-Za-z0-9_-]{1,256}$/;
const HEADER_NAME = /^[!-9;-~]{1,126}$/;
const HEADER_VALUE = /^[ -~]{1,870}$/;
const MAX_HEADERS = 15;
const MAX_TAGS = 50;
/** Of a Simple request SES writes these itself, and refuses others. */
const WRITTEN_BY_SES =
  /^(bcc|cc|content-disposition|content-type|date|from|message-id|mime-version|reply-to|return-path|subject|to)$/i;

export async function readOutboundEmail(body: Buffer): Promise<OutboundEmail> {
  const request = object(parseJson(body), 'the request');
  const content = object(request.Content, 'Content');
  const email = content.Raw === undefined ? simpleEmail(request, content) : await rawEmail(request, content);
  if (email.to.length === 0) throw badRequest('Destination has no recipient');
  if (email.to.length > MAX_RECIPIENTS) throw badRequest(`Recipient count exceeds ${MAX_RECIPIENTS}`);
  return email;
}

function simpleEmail(request: Json, content: Json): OutboundEmail {
  const { Subject, Body, Headers } = object(content.Simple, 'Content.Simple');
  const { Html, Text } = object(Body, 'Body');
  if (Html === undefined && Text === undefined) throw badRequest('Body has neither Html nor Text');
  const from = text(request.FromEmailAddress, 'FromEmailAddress');
  mailbox(from);
  const to = destinationOf(request);
  const subject = text(object(Subject, 'Subject').Data, 'Subject.Data');
  const replyTo = array(request.ReplyToAddresses, 'ReplyToAddresses').map((address) => {
    const given = text(address, 'ReplyToAddresses');
    mailbox(given);
    return given;
  });
  return {
    from,
    to,
    raw: null,
    content: {
      subject,
      html: Html === undefined ? null : text(object(Html, 'Html').Data, 'Html.Data'),
      text: Text === undefined ? null : text(object(Text, 'Text').Data, 'Text.Data'),
      headers: [
        { name: 'From', value: from },
        { name: 'To', value: to.join(', ') },
        ...(replyTo.length === 0 ? [] : [{ name: 'Reply-To', value: replyTo.join(', ') }]),
        { name: 'Subject', value: subject },
        { name: 'MIME-Version', value: '1.0' },
        ...headersOf(Headers),
      ],
    },
    tags: tagsOf(request),
    configurationSet: optionalText(request.ConfigurationSetName, 'ConfigurationSetName'),
  };
}

async function rawEmail(request: Json, content: Json): Promise<OutboundEmail> {
  const raw = Buffer.from(text(object(content.Raw, 'Content.Raw').Data, 'Raw.Data'), 'base64');
  const parsed = await parseContent(raw);
  const header = (name: string) => parsed.headers.find((one) => one.name.toLowerCase() === name)?.value ?? '';
  const destination = request.Destination === undefined ? [] : destinationOf(request);
  const named = ['to', 'cc', 'bcc'].flatMap((name) => addressparser(header(name), { flatten: true }));
  const inHeader = header('x-ses-message-tags').split(',').filter(Boolean);
  return {
    from: optionalText(request.FromEmailAddress, 'FromEmailAddress') ?? header('from'),
    to: destination.length > 0 ? destination : named.map(({ address }) => address),
    raw,
    content: parsed,
    tags: {
      ...Object.fromEntries(
        inHeader.map((tag) => tag.split('=')).map(([name, value = '']) => [name.trim(), [value.trim()]]),
      ),
      ...tagsOf(request),
    },
    configurationSet:
      optionalText(request.ConfigurationSetName, 'ConfigurationSetName') ?? (header('x-ses-configuration-set') || null),
  };
}

function destinationOf({ Destination }: Json): string[] {
  const { ToAddresses, CcAddresses, BccAddresses } = object(Destination, 'Destination');
  const listed = [ToAddresses, CcAddresses, BccAddresses].flatMap((list) => array(list, 'Destination'));
  return listed.map((address) => mailbox(text(address, 'Destination')));
}

function headersOf(given: unknown): MailHeader[] {
  const headers = array(given, 'Headers').map((header) => {
    const [name, value] = nameAndValue(header, 'Headers');
    const isValid = HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !WRITTEN_BY_SES.test(name);
    if (!isValid) throw badRequest(`Invalid header ${name}`);
    return { name, value };
  });
  if (headers.length > MAX_HEADERS) throw badRequest(`Header count exceeds ${MAX_HEADERS}`);
  return headers;
}

function tagsOf({ EmailTags }: Json): Record<string, string[]> {
  const tags = array(EmailTags, 'EmailTags').map((tag): [string, string[]] => {
    const [name, value] = nameAndValue(tag, 'EmailTags');
    if (!TAG.test(name) || !TAG.test(value)) throw badRequest(`Invalid tag ${name}`);
    return [name, [value]];
  });
  if (tags.length > MAX_TAGS) throw badRequest(`Tag count exceeds ${MAX_TAGS}`);
  return Object.fromEntries(tags);
}

/** The one address in it. */
function mailbox(given: string): string {
  const [first, ...others] = addressparser(given, { flatten: true });
  if (!first?.address.includes('@') || others.length > 0) throw badRequest('Invalid email address');
  return first.address;
}

function nameAndValue(value: unknown, where: string): [string, string] {
  const { Name, Value } = object(value, where);
  return [text(Name, `${where}.Name`), text(Value, `${where}.Value`)];
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new SesError(400, 'SerializationException', 'The request is not JSON');
  }
}

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(`${where} is missing`);
  return value as Json;
}

function array(value: unknown, where: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest(`${where} is not a list`);
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw badRequest(`${where} is missing`);
  return value;
}

function optionalText(value: unknown, where: string): string | null {
  return value === undefined || value === null ? null : text(value, where);
}

function badRequest(message: string): SesError {
  return new SesError(400, 'BadRequestException', message);
}
