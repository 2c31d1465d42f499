import type { OutgoingHttpHeaders } from 'node:http';
import type { OpenApi, Operation, Route } from '../support/openapi.js';
import { securityOf } from '../support/openapi.js';
import { API_KEY } from '../support/stack.js';
import type { FuzzRequest } from './exchange.js';
import { goodValue } from './good-values.js';
import type { Known } from './known.js';
import { mutateValue } from './mutate-json.js';
import type { Random } from './random.js';
import type { Signed } from './signed.js';

const OPTIONAL_PARAMETER = 0.3;
const CSV = 'text/csv';

/** A request in parts that can be disturbed one by one. */
export interface Draft {
  route: Route;
  method: string;
  /** The values of `{…}` in the route's path, not yet encoded. */
  segments: Record<string, string>;
  query: [name: string, value: string][];
  headers: OutgoingHttpHeaders;
  /** A value to be sent as JSON, bytes as they are, or undefined for none. */
  body: unknown;
}

/** Makes requests to which, but for what their ledger holds, nothing is wrong. */
export class GoodDrafts {
  constructor(
    private readonly document: OpenApi,
    private readonly known: Known,
    private readonly signed: Signed,
  ) {}

  of(route: Route, random: Random): Draft {
    const { method, path, operation } = route;
    const draft: Draft = { route, method, segments: {}, query: [], headers: {}, body: undefined };
    if (securityOf(this.document, operation).length > 0) draft.headers['x-api-key'] = API_KEY;
    const signed = random.chance(0.7) ? this.signed.parameters(path, this.known.emails.pick(random)) : {};
    for (const parameter of operation.parameters ?? []) {
      const { name, required = false } = parameter;
      if (!required && signed[name] === undefined && !random.chance(OPTIONAL_PARAMETER)) continue;
      const value = signed[name] ?? this.parameter(route, parameter, random);
      if (parameter.in === 'path') draft.segments[name] = value;
      else if (parameter.in === 'query') draft.query.push([name, value]);
      else draft.headers[name.toLowerCase()] = value;
    }
    this.addBody(draft, random);
    return draft;
  }

  private parameter({ path }: Route, parameter: Parameter, random: Random): string {
    const { name, schema = {} } = parameter;
    if (name === 'id') return this.idFor(path, random) ?? '01900000-0000-7000-8000-000000000000';
    if (name === 'message_id') return this.known.messages.pick(random) ?? '01900000-0000-7000-8000-000000000000';
    if (name === 'cursor') return this.known.cursorsOf(path).pick(random) ?? '';
    if (name === 'topic_id' && random.chance(0.1)) return '~';
    const meaning = name === 'from' ? 'from_moment' : parameter.in === 'header' ? name.toLowerCase() : name;
    return String(goodValue(this.document, schema, random, meaning));
  }

  private idFor(path: string, random: Random): string | undefined {
    return (path.startsWith('/v1/emails') ? this.known.emails : this.known.messages).pick(random);
  }

  private addBody(draft: Draft, random: Random): void {
    const content = draft.route.operation.requestBody?.content;
    if (content === undefined) return;
    const mediaType = random.pick(Object.keys(content));
    draft.headers['content-type'] = mediaType;
    if (draft.route.path === '/v1/events/results') {
      // What is changed before it is signed is believed, and read.
      const change = random.chance(0.3) ? (event: unknown) => mutateValue(event, random) : undefined;
      draft.body = this.signed.notification(random, this.known.emails.pick(random), change);
      return;
    }
    const value = goodValue(this.document, content[mediaType].schema, random, '');
    draft.body = mediaType.endsWith('json') ? jsonOnly(value) : textBody(mediaType, value);
  }
}

type Parameter = NonNullable<Operation['parameters']>[number];

/** A schema that is one of several may have given the text of another media type. */
function jsonOnly(value: unknown): unknown {
  return typeof value === 'string' ? { addresses: ['user1@example.com'] } : value;
}

function textBody(mediaType: string, value: unknown): Buffer {
  if (mediaType === CSV) return Buffer.from(typeof value === 'string' ? value : 'address\nuser2@example.com\n');
  return Buffer.from(new URLSearchParams(value as Record<string, string>).toString());
}

/** What goes over the wire. */
export function render({ route, method, segments, query, headers, body }: Draft): FuzzRequest {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(segments[name] ?? ''));
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  const bytes = body === undefined || Buffer.isBuffer(body) ? (body ?? null) : Buffer.from(JSON.stringify(body) ?? '');
  const length = bytes === null || headers['transfer-encoding'] !== undefined ? {} : { 'content-length': bytes.length };
  return { route, method, path: search ? `${path}?${search}` : path, headers: { ...length, ...headers }, body: bytes };
}

/** A part that is percent-encoded already, and perhaps wrongly, begins with this. */
export const AS_IT_IS = '\u0001';

function encode(text: string): string {
  if (text.startsWith(AS_IT_IS)) return text.slice(1);
  return encodeURIComponent(text.toWellFormed());
}
