import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../runtime/errors.js';
import { rememberOrigin } from './body-origin.js';
import { checkJsonStructure } from './json-structure.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the raw body, where the request carries an Idempotency-Key. */
    bodySha256?: Buffer;
  }
}

/** Fastify's own, which calls back before it returns. */
export type DefaultParser = (
  request: FastifyRequest,
  text: string,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/** Beyond it each step of reading a body is a turn of the event loop: a body of 4 MB takes some ten milliseconds in each. */
const ONE_TURN_BYTES = 256 * 1024;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The parser of `application/json`: bytes to a value whose cost the later steps can bear. An empty body becomes
 * `undefined`, which the validation pipe refuses where a handler asks for one: a client that sends the content type on
 * every DELETE is not wrong.
 */
export async function parseJsonBody(
  request: FastifyRequest,
  body: Buffer,
  defaultParser: DefaultParser,
): Promise<unknown> {
  if (request.headers['idempotency-key'] !== undefined) {
    request.bodySha256 = createHash('sha256').update(body).digest();
  }
  if (body.length === 0) return undefined;
  checkJsonStructure(body);
  if (body.length > ONE_TURN_BYTES) await setImmediate();
  const text = decode(body);
  if (body.length > ONE_TURN_BYTES) await setImmediate();
  const value = parse(request, text, defaultParser);
  rememberOrigin(value, request);
  return value;
}

/** Drops a BOM; refuses what is not UTF-8, which `toString()` would replace by U+FFFD without a word. */
function decode(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch (error) {
    throw new AppError('malformed_json', 'The body is not valid UTF-8.', { cause: error });
  }
}

/** It refuses `__proto__` and `constructor.prototype`. */
function parse(request: FastifyRequest, text: string, defaultParser: DefaultParser): unknown {
  let value: unknown;
  let fault: Error | null = null;
  defaultParser(request, text, (error, parsed) => {
    fault = error;
    value = parsed;
  });
  if (fault !== null) throw new AppError('malformed_json', 'The body is not valid JSON.', { cause: fault });
  return value;
}
