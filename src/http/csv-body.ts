import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { AppError } from '../runtime/errors.js';

/** A body that is not read to its end is not cut off either: its client could not read the answer. */
const KEEP_OPEN = { destroyOnReturn: false };

const TOO_LARGE = 'The body is larger than this route takes.';

/** Called before anything is read of a `text/csv` body. Fastify holds the limit only of bodies that it reads itself. */
export function admitCsvBody({ routeOptions, headers }: FastifyRequest): void {
  if (routeOptions.config.csvBody !== true) {
    throw new AppError('unsupported_media_type', 'Send the body as application/json.');
  }
  if (Number(headers['content-length'] ?? 0) > routeOptions.bodyLimit)
    throw new AppError('payload_too_large', TOO_LARGE);
}

/** The bytes of a CSV body as they arrive, up to the route's limit; null where the body is JSON. */
export const CsvBody = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { body, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
  return body instanceof Readable ? limited(body, routeOptions.bodyLimit) : null;
});

async function* limited(body: Readable, limitBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body.iterator(KEEP_OPEN) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new AppError('payload_too_large', TOO_LARGE);
      yield chunk;
    }
  } catch (error) {
    // Nobody is there any more to read the answer; but it was no fault of ours.
    if (body.errored === error) throw new AppError('bad_request', 'The body broke off.', { cause: error });
    throw error;
  }
}
