import type { FastifyRequest } from 'fastify';
import type { EmailEvent } from '../events/email-event.js';
import { machineSignOf } from '../events/machine-client.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const MAX_AGENT_CHARACTERS = 512;

/** Somebody's, or something's, request for a pixel or a link of an email. */
export interface Fetch {
  type: 'Open' | 'Click';
  emailId: string;
  /** Where the link leads; null for a pixel. */
  link: string | null;
  /** Without a signature anybody who guesses an id could have made it. */
  isForgeable: boolean;
}

/** A parameter of a query, given once and as text. */
export function parameterOf({ query }: FastifyRequest, name: string): string | null {
  const value = (query as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : null;
}

/** The email that a pixel or a link names, in lower case; null where it names none. */
export function emailIdOf(request: FastifyRequest): string | null {
  const id = parameterOf(request, 'requestId');
  return id !== null && UUID.test(id) ? id.toLowerCase() : null;
}

/** The fact to record. Who fetched is told apart and then forgotten; `ip` is null unless its details are to be kept. */
export function eventOf(fetch: Fetch, { headers }: FastifyRequest, ip: string | null): EmailEvent {
  const { type, emailId, link, isForgeable } = fetch;
  const machine = machineSignOf(headers);
  const detail = {
    ...(link !== null && { link }),
    ...(machine !== null && { machine }),
    ...(ip !== null && { ip, user_agent: (headers['user-agent'] ?? '').slice(0, MAX_AGENT_CHARACTERS) }),
  };
  return {
    emailId,
    type,
    occurredAt: new Date(),
    identity: link === null ? 'pixel' : `link ${link}`,
    isMachine: machine !== null,
    recipients: [],
    bounce: null,
    reason: null,
    providerMessageId: null,
    detail: Object.keys(detail).length > 0 ? detail : null,
    raw: null,
    fetched: { isForgeable },
  };
}
