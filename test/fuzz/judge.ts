import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type OpenApi, type Operation, routesOf, type Schema, securityOf } from '../support/openapi.js';
import { API_KEY } from '../support/stack.js';
import type { FuzzAnswer, FuzzRequest } from './exchange.js';

const PROBLEM = 'application/problem+json';

/** Answers to what no operation stands for. */
const WITHOUT_ROUTE = [400, 401, 404, 405, 413, 414, 415, 431];

/** What an answer would show if the text of a fault of ours got into it. */
const LEAKS: readonly RegExp[] = [
  /\bselect\b.*\bfrom\b|\binsert into\b|\bupdate\b.*\bset\b|\bdelete from\b/i,
  /\b(?:relation|column|constraint|operator) "?\w+"? |violates|syntax error at|invalid input syntax|\bpg_/i,
  /node_modules|\/(?:src|dist)\/|\.[jt]s:\d+/,
  /\n\s+at |\bat \S+ \(|\b(?:Type|Range|Syntax|Reference)Error\b|Cannot read propert/,
  /postgres(?:ql)?:\/\/|nats:\/\//,
];

/** Holds answers against the document: what it does not say of them is a fault, and so is what no answer may have. */
export class Judge {
  private readonly validators = new Map<Schema, ValidateFunction>();
  private readonly templates: { method: string; pattern: RegExp; name: string; operation: Operation }[];
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(private readonly document: OpenApi) {
    this.ajv.addFormat('uuid', /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    this.ajv.addFormat(
      'date-time',
      (text) => /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text)),
    );
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      this.ajv.addSchema(closed(schema) as object, `#/components/schemas/${name}`);
    }
    this.templates = routesOf(document).map(({ method, path, operation }) => {
      const source = path.replace(/[.+]/g, '\\$&').replace(/\{\w+\}/g, '[^/?]+');
      return { method, pattern: new RegExp(`^${source}(?:\\?|$)`), name: `${method} ${path}`, operation };
    });
    // A path without parameters goes before one whose parameter could be the same word.
    this.templates.sort((a, b) => Number(a.name.includes('{')) - Number(b.name.includes('{')));
  }

  /** Under what an answer is counted, and everything that is wrong with it. */
  judge(request: FuzzRequest, answer: FuzzAnswer): { name: string; faults: string[] } {
    const route = this.routeOf(request);
    const faults = [...this.faultsOf(request, answer, route?.operation)];
    return { name: route?.name ?? 'no route', faults };
  }

  private routeOf({ method, path }: FuzzRequest) {
    const wanted = method === 'HEAD' ? 'GET' : method;
    return this.templates.find((template) => template.method === wanted && template.pattern.test(path));
  }

  private *faultsOf(request: FuzzRequest, answer: FuzzAnswer, operation?: Operation): Generator<string> {
    const { status, headers, mediaType, body } = answer;
    if (status >= 500) yield `answered ${status}`;
    if (status < 300 && operation && this.isLocked(operation) && request.headers['x-api-key'] !== API_KEY) {
      yield 'served without a key';
    }
    if (status === 405 && !headers.allow) yield '405 without Allow';
    for (const leak of LEAKS) if (leak.test(body)) yield `shows ${leak.exec(body)?.[0]}`;
    if (body.includes(API_KEY)) yield 'shows the key';
    if (request.method === 'HEAD') return;
    if (mediaType === PROBLEM) yield* problemFaults(answer);
    const content = this.contentOf(operation, status);
    if (content === undefined) yield `${status} is not described`;
    else if (Object.keys(content).length === 0) yield* body === '' ? [] : ['has a body that is not described'];
    else if (content[mediaType] === undefined) yield `${status} as ${mediaType} is not described`;
    else if (mediaType.endsWith('json')) yield* this.mismatches(content[mediaType].schema, body);
  }

  private isLocked(operation: Operation): boolean {
    return securityOf(this.document, operation).length > 0;
  }

  /** Only refusals may go under `default`. */
  private contentOf(operation: Operation | undefined, status: number): Record<string, { schema: Schema }> | undefined {
    if (operation) {
      const response = operation.responses[status] ?? (status >= 400 ? operation.responses.default : undefined);
      return response && (response.content ?? {});
    }
    const schema = { $ref: '#/components/schemas/ProblemDto' };
    return WITHOUT_ROUTE.includes(status) ? { [PROBLEM]: { schema } } : undefined;
  }

  private *mismatches(schema: Schema, body: string): Generator<string> {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      yield 'is not JSON';
      return;
    }
    const validate = this.validators.get(schema) ?? this.ajv.compile(closed(schema) as object);
    this.validators.set(schema, validate);
    if (validate(value)) return;
    for (const { instancePath, message, params } of validate.errors ?? []) {
      yield `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
    }
  }
}

function* problemFaults({ status, headers, body }: FuzzAnswer): Generator<string> {
  const problem = JSON.parse(body) as Record<string, unknown>;
  if (problem.status !== status) yield `says ${String(problem.status)} in its body and is ${status}`;
  if (problem.request_id !== headers['x-request-id']) yield 'has another id in its body than in its header';
  if (problem.error !== problem.detail) yield 'has an error that is not its detail';
}

/** The schema, and those in it, with no member allowed that they do not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, member]) => [name, closed(member)]));
  return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}
