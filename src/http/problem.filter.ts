import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../runtime/errors.js';
import { problemHeaders, problemOf } from './problem.js';
import { translateError } from './translate-error.js';

/** Every error of a request, thrown by Fastify, Nest or a service, leaves through here as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = translateError(exception) ?? new AppError('internal_error', 'Something went wrong on our side.');
    const report = reportOf(exception);
    // Probes come every few seconds; what is down says so in the log itself, once.
    if (error.status >= 500 && report === undefined) this.report(error, exception, request.id);
    // The headers are out already where a stream failed halfway: only the connection is left to cut.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply
      .code(error.status)
      .headers(problemHeaders(error, request.id))
      .send({ ...problemOf(error, request.id), ...report });
  }

  private report(error: AppError, exception: unknown, requestId: string): void {
    const cause = exception instanceof AppError ? (exception.cause ?? exception) : exception;
    const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    if (error.code === 'internal_error') this.logger.error(`request ${requestId} failed: ${reason}`);
    else this.logger.warn(`request ${requestId} was answered ${error.code}: ${error.cause ?? error.detail}`);
  }
}

/** Terminus throws its report with the 503; an operator needs to see which part is down. */
function reportOf(exception: unknown): { details: unknown } | undefined {
  if (!(exception instanceof HttpException)) return undefined;
  const response = exception.getResponse();
  return typeof response === 'object' && 'details' in response ? { details: response.details } : undefined;
}
