import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../runtime/errors.js';

export interface Idempotency {
  readonly key: string;
  /** SHA-256 of the body's bytes as they came: the same key with another body is another request. */
  readonly bodySha256: Buffer;
}

/** Printable ASCII. A pair of quotes is the empty string of the IETF draft. */
const PRINTABLE = /^[ -~]{1,255}$/;

/** The Idempotency-Key of a request; undefined without one; throws where it is not a usable key. */
export function idempotencyOf(request: FastifyRequest): Idempotency | undefined {
  const given = request.raw.headersDistinct['idempotency-key'];
  if (given === undefined) return undefined;
  const [key = '', ...others] = given;
  if (others.length > 0 || !PRINTABLE.test(key) || key === '""') {
    throw new AppError('idempotency_key_invalid', 'Send one Idempotency-Key of 1 to 255 printable ASCII characters.');
  }
  // The parser hashes every body that comes with the header; no body was refused before.
  if (request.bodySha256 === undefined) throw new AppError('malformed_json', 'The body is empty.');
  return { key, bodySha256: request.bodySha256 };
}

export const IdempotencyKey = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  idempotencyOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
