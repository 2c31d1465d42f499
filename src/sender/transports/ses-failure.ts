import type { SesPhase } from './ses-connections.js';
import { type FailureKind, TransportError } from './transport.js';

/** The part of the SDK's error that the classification reads; its message is for people and changes. */
interface SesFailure {
  name: string;
  message: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/**
 * By the name that SES answers with. What concerns the account, its rights or its configuration would hit every other mail
 * alike and is no fault of this one's.
 */
const BY_NAME: Readonly<Record<string, FailureKind>> = {
  TooManyRequestsException: 'throttled',
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  ThrottledException: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  RequestLimitExceeded: 'throttled',
  SlowDown: 'throttled',
  // The daily quota, which is a window that moves: a little of it comes back all the time. SES answers it with
  // TooManyRequestsException as well, so that only GetAccount tells it from the rate.
  LimitExceededException: 'throttled',

  AccountSuspendedException: 'unavailable',
  SendingPausedException: 'unavailable',
  // The configuration set is missing; a SendEmail names no other resource.
  NotFoundException: 'unavailable',
  AccessDenied: 'unavailable',
  AccessDeniedException: 'unavailable',
  AuthFailure: 'unavailable',
  NotAuthorized: 'unavailable',
  OptInRequired: 'unavailable',
  UnrecognizedClientException: 'unavailable',
  InvalidAccessKeyId: 'unavailable',
  InvalidClientTokenId: 'unavailable',
  InvalidSignatureException: 'unavailable',
  SignatureDoesNotMatch: 'unavailable',
  IncompleteSignature: 'unavailable',
  MissingAuthenticationToken: 'unavailable',
  ExpiredTokenException: 'unavailable',
  ExpiredToken: 'unavailable',
  // Our clock is wrong.
  RequestExpired: 'unavailable',
  RequestTimeTooSkewed: 'unavailable',
  RequestInTheFuture: 'unavailable',

  // A message may have a sender of its own, and must not hold up those of others; a domain is verified within a day.
  MailFromDomainNotVerifiedException: 'temporary',

  MessageRejected: 'permanent',
  BadRequestException: 'permanent',
  ValidationException: 'permanent',
  ValidationError: 'permanent',
  SerializationException: 'permanent',
};

/**
 * A policy that lacks `ses:SendRawEmail`, or whose condition names another sender, is no reason to stop those mails that
 * need neither: a single one of a kind would hold up all.
 */
const ABOUT_RIGHTS: readonly string[] = ['AccessDenied', 'AccessDeniedException'];

/** Answers without a known name; first match wins. */
const BY_STATUS: readonly { kind: FailureKind; matches: (status: number) => boolean }[] = [
  // Accepted, as it seems, but we could not read the answer.
  { kind: 'ambiguous', matches: (status) => status >= 200 && status <= 299 },
  { kind: 'throttled', matches: (status) => status === 429 },
  // Not SES, or not for us: a redirect, a login, another service at that address.
  { kind: 'unavailable', matches: (status) => status <= 399 || [401, 403, 404, 405, 407].includes(status) },
  { kind: 'permanent', matches: (status) => status === 413 },
  // A gateway speaks for a server that it did not hear, and that may have taken the mail.
  { kind: 'ambiguous', matches: (status) => status === 502 || status === 504 },
  // SES says itself that it failed. It has no token that would make a repeat harmless, but what it did not accept it does not
  // send; calling these ambiguous would leave every mail of an outage uncertain. 4xx without a name: tried again, as
  // whatever is not known to be hopeless.
  { kind: 'temporary', matches: (status) => status >= 400 },
];

const WITHOUT_ANSWER: Readonly<Record<SesPhase, FailureKind>> = {
  session: 'unavailable',
  request: 'ambiguous',
};

/** `isUsual`: a mail from FROM_EMAIL in the form that almost all mails have, so that what it meets they all meet. */
export function classifySesFailure(error: unknown, phase: SesPhase, isUsual: boolean): TransportError {
  const failure: SesFailure = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return new TransportError(kindOf(failure, phase, isUsual), reasonOf(failure), { cause: error });
}

function kindOf({ name, $metadata }: SesFailure, phase: SesPhase, isUsual: boolean): FailureKind {
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return WITHOUT_ANSWER[phase];
  if (!isUsual && ABOUT_RIGHTS.includes(name)) return 'temporary';
  const isAccepted = status >= 200 && status <= 299;
  const known = isAccepted || !Object.hasOwn(BY_NAME, name) ? undefined : BY_NAME[name];
  return known ?? BY_STATUS.find(({ matches }) => matches(status))?.kind ?? WITHOUT_ANSWER[phase];
}

function reasonOf({ name, message, code, $metadata }: SesFailure): string {
  const status = $metadata?.httpStatusCode;
  return ['ses;', status, name, code !== name && code, message].filter(Boolean).join(' ');
}
