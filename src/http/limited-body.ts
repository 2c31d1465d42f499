import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { AppError } from '../runtime/errors.js';

/** A body that is not read to its end is not cut off either: its client could not read the answer. */
const KEEP_OPEN = { destroyOnReturn: false };

const TOO_LARGE = 'The body is larger than this route takes.';

/** Before anything is read. Fastify holds the limit only of bodies that it reads itself. */
export function refuseLargeBody({ routeOptions, headers }: FastifyRequest): void {
  if (Number(headers['content-length'] ?? 0) > routeOptions.bodyLimit) {
    throw new AppError('payload_too_large', TOO_LARGE);
  }
}

/** The bytes of a body as they arrive, up to the route's limit. */
export async function* limitedBody({ routeOptions }: FastifyRequest, body: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body.iterator(KEEP_OPEN) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > routeOptions.bodyLimit) throw new AppError('payload_too_large', TOO_LARGE);
      yield chunk;
    }
  } catch (error) {
    // Nobody is there any more to read the answer; but it was no fault of ours.
    if (body.errored === error) throw new AppError('bad_request', 'The body broke off.', { cause: error });
    throw error;
  }
}
