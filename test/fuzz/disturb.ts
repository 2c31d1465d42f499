import { API_KEY } from '../support/stack.js';
import { AS_IT_IS, type Draft } from './draft.js';
import { hostileCursor, hostileText } from './hostile.js';
import { mutateText } from './mutate-text.js';
import { mutateValue } from './mutate-json.js';
import type { Random } from './random.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const CONTENT_TYPES = [
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json; charset="latin1"',
  'application/json;',
  ' application/json',
  'application/json\t; charset=utf-8',
  'application/jsonx',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'text/csv',
  'text/csv; charset=utf-8',
  'nonsense',
  '',
];
const ENCODINGS = ['gzip', 'br', 'identity', 'gzip, gzip', 'x'];
const AS_WRITTEN = ['%zz', '%00', '%2e%2e%2f', '..', '.', '%', '%ff', '%C0%80', 'a%2fb', ';x=1', '%25zz', '\u00e9', ''];
const PARAMETERS = [
  'sort',
  'limit',
  'limit[]',
  'limit[gte]',
  '__proto__',
  'constructor',
  'cursor',
  'hours',
  'x-api-key',
];
const HEADERS = ['accept', 'prefer', 'idempotency-key', 'expect', 'range', 'x-http-method-override', 'if-none-match'];
/** What Node's own client lets through as the value of a header. */
const NOT_IN_HEADERS = /[^\t -~\u0080-\u00ff]/g;

type Disturbance = (draft: Draft, random: Random) => void;

/** The body goes first: most of what can be wrong is in it. */
const ON_BODIES: readonly Disturbance[] = [
  changeBody,
  changeBody,
  changeBody,
  changeBody,
  changeText,
  changeText,
  changeType,
];
const ON_PARAMETERS: readonly Disturbance[] = [changeSegment, changeSegment, changeQuery, changeQuery];
const ON_REQUESTS: readonly Disturbance[] = [
  changeQuery,
  changeHeader,
  changeHeader,
  changeMethod,
  changeKey,
  changeFraming,
];

/** Puts one to three faults into a request; some of them are none for its route. */
export function disturb(draft: Draft, random: Random): void {
  for (let faults = random.pick([1, 1, 1, 2, 3]); faults > 0; faults--) {
    const isSmall = random.chance(0.25);
    if (draft.body !== undefined && !isSmall) random.pick(ON_BODIES)(draft, random);
    else if (!isSmall) random.pick(ON_PARAMETERS)(draft, random);
    else random.pick(ON_REQUESTS)(draft, random);
  }
}

function changeBody(draft: Draft, random: Random): void {
  if (Buffer.isBuffer(draft.body)) changeText(draft, random);
  else draft.body = mutateValue(draft.body, random);
}

function changeText(draft: Draft, random: Random): void {
  const text = Buffer.isBuffer(draft.body) ? draft.body.toString() : (JSON.stringify(draft.body) ?? '');
  draft.body = mutateText(text, random);
}

function changeType(draft: Draft, random: Random): void {
  if (random.chance(0.3)) draft.headers['content-encoding'] = random.pick(ENCODINGS);
  else if (random.chance(0.1)) delete draft.headers['content-type'];
  else draft.headers['content-type'] = random.pick(CONTENT_TYPES);
}

function changeSegment(draft: Draft, random: Random): void {
  const names = Object.keys(draft.segments);
  if (names.length === 0) return changeQuery(draft, random);
  const name = random.pick(names);
  draft.segments[name] = random.chance(0.3) ? AS_IT_IS + random.pick(AS_WRITTEN) : hostileText(random).slice(0, 2_000);
}

function changeQuery(draft: Draft, random: Random): void {
  const { query } = draft;
  const names = [...(draft.route.operation.parameters ?? []).map(({ name }) => name), ...PARAMETERS];
  const value = random.chance(0.1) ? AS_IT_IS + random.pick(AS_WRITTEN) : hostileText(random).slice(0, 2_000);
  if (query.length === 0 || random.chance(0.5)) query.push([random.pick(names), value]);
  else query[random.below(query.length)][1] = value;
  for (const parameter of query)
    if (parameter[0] === 'cursor' && random.chance(0.3)) parameter[1] = hostileCursor(random);
}

function changeHeader(draft: Draft, random: Random): void {
  const value = hostileText(random).slice(0, 2_000).replace(NOT_IN_HEADERS, '');
  draft.headers[random.pick(HEADERS)] = random.chance(0.2) ? [value, value] : value;
}

function changeMethod(draft: Draft, random: Random): void {
  draft.method = random.pick(METHODS);
}

function changeKey({ headers }: Draft, random: Random): void {
  if (random.chance(0.3)) delete headers['x-api-key'];
  else headers['x-api-key'] = random.pick(['', `${API_KEY}x`, API_KEY.slice(1), 'x'.repeat(8_000), `${API_KEY}, x`]);
}

function changeFraming(draft: Draft, random: Random): void {
  if (random.chance(0.5)) draft.headers['transfer-encoding'] = 'chunked';
  else if (draft.body === undefined) draft.body = Buffer.from(random.pick(['{}', '[]', 'x', '\0']));
  else draft.body = undefined;
}
