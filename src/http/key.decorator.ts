import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../runtime/errors.js';
import type { ApiKey } from './api-key.verifier.js';

/** The authenticated key of a protected handler. */
export const Key = createParamDecorator((_data: unknown, context: ExecutionContext): ApiKey => {
  const { apiKey } = context.switchToHttp().getRequest<FastifyRequest>();
  if (apiKey === undefined) throw new AppError('unauthorized');
  return apiKey;
});
