import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { AppError } from '../runtime/errors.js';
import { limitedBody, refuseLargeBody } from './limited-body.js';

/** Called before anything is read of a `text/csv` body. */
export function admitCsvBody(request: FastifyRequest): void {
  if (request.routeOptions.config.csvBody !== true) {
    throw new AppError('unsupported_media_type', 'Send the body as application/json.');
  }
  refuseLargeBody(request);
}

/** The bytes of a CSV body as they arrive, up to the route's limit; null where the body is JSON. */
export const CsvBody = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return request.body instanceof Readable ? limitedBody(request, request.body) : null;
});
