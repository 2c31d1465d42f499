import { type FailureKind, TransportError } from './transport.js';
import { messageOf } from '../../runtime/message-of.js';

/**
 * How far one attempt came. nodemailer reports a lost connection and a timeout with the same code and command in every phase,
 * so the transport observes the phase itself:
 *
 * - `session`: no connection was ready for this mail (DNS, connect, greeting, TLS, login). Nothing about the mail can be at fault.
 * - `envelope`: MAIL, RCPT or DATA were on their way and no byte of the message had left. The server cannot have taken the mail.
 * - `body`: bytes of the message had left. Without a final reply the server may have taken it.
 */
export type SmtpPhase = 'session' | 'envelope' | 'body';

/** The part of nodemailer's error that the classification reads. */
interface SmtpFailure {
  code?: string;
  response?: string;
  responseCode?: number;
}

interface Reply {
  status: number;
  /** RFC 3463; empty where the server gives none. */
  enhanced: string;
}

/**
 * Mail system congestion; mail flood detected. The others do not tell a limit of ours from a matter of this mail alone:
 * 4.7.0 and 4.7.1 are greylisting too.
 */
const ABOUT_RATE = new Set(['4.4.5', '4.7.28']);

/** First match wins. RFC 5321 4.2: 4yz is "try again", 5yz is "never". */
const REPLIES: readonly { kind: FailureKind; matches: (reply: Reply) => boolean }[] = [
  // 421: "closing the channel", said when there are too many of us. 454: SES's "Throttling failure".
  { kind: 'throttled', matches: ({ status }) => status === 421 || status === 454 },
  { kind: 'throttled', matches: ({ status, enhanced }) => isTransient(status) && ABOUT_RATE.has(enhanced) },
  // Login wanted or refused in mid-session: the next mail would get the same answer.
  { kind: 'unavailable', matches: ({ status }) => [530, 534, 535, 538].includes(status) },
  // 503 blames the session's state, not the mail.
  { kind: 'temporary', matches: ({ status }) => isTransient(status) || status === 503 },
  { kind: 'permanent', matches: ({ status }) => status >= 500 && status <= 599 },
];

/** A reply under these codes answers this mail; under the others it answers the greeting, EHLO, STARTTLS or AUTH. */
const ANSWERS_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE', 'ECONNECTION']);

/** Refused by nodemailer itself, before anything was sent: the mail is what is wrong, and stays wrong. */
const REFUSED_BY_CLIENT = new Set(['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS', 'EFILEACCESS', 'EURLACCESS']);

/** The session could not be set up, whatever the phase says. */
const NO_SESSION = new Set(['EAUTH', 'ENOAUTH', 'EOAUTH2', 'ETLS', 'EREQUIRETLS', 'EDNS', 'EPROXY', 'ECONFIG']);

/**
 * Temporary in the envelope phase, not unavailable: a recipient for whom a server hangs up would otherwise pause all sending for
 * ever. As temporary it uses up its attempts and ends.
 */
const WITHOUT_REPLY: Readonly<Record<SmtpPhase, FailureKind>> = {
  session: 'unavailable',
  envelope: 'temporary',
  body: 'ambiguous',
};

export function classifySmtpFailure(error: unknown, phase: SmtpPhase): TransportError {
  const failure: SmtpFailure = error instanceof Error ? (error as Error & SmtpFailure) : {};
  return new TransportError(kindOf(failure, phase), reasonOf(failure, error), { cause: error });
}

function kindOf({ code = '', response = '', responseCode = 0 }: SmtpFailure, phase: SmtpPhase): FailureKind {
  const answersTheMail = phase !== 'session' && ANSWERS_THE_MAIL.has(code);
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?= |$)/.exec(response)?.[1] ?? '';
  const reply = REPLIES.find(({ matches }) => matches({ status: responseCode, enhanced }));
  if (answersTheMail && reply) return reply.kind;
  if (phase === 'body') return WITHOUT_REPLY.body;
  if (responseCode === 421) return 'throttled';
  if (NO_SESSION.has(code)) return 'unavailable';
  if (REFUSED_BY_CLIENT.has(code)) return 'permanent';
  return WITHOUT_REPLY[phase];
}

function reasonOf({ code, response }: SmtpFailure, error: unknown): string {
  if (response) return `smtp; ${response}`;
  const message = messageOf(error);
  return `smtp; ${code ? `${code} ` : ''}${message}`;
}

function isTransient(status: number): boolean {
  return status >= 400 && status <= 499;
}
