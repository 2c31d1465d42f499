import { HttpException } from '@nestjs/common';
import { translateDatabaseError } from '../database/translate-error.js';
import { AppError, type ErrorCode } from '../runtime/errors.js';

const FASTIFY_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_BAD_URL: ['bad_request', 'The URL is not valid.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri_too_long', 'A part of the path is too long.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this route takes.'],
  FST_ERR_CTP_EMPTY_TYPE: ['unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'The body is not as long as Content-Length says.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_json', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_json', 'The body is not valid JSON.'],
};

const CODES_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'unavailable',
};

/**
 * What Fastify, Nest or the database throws, as an error of the catalogue. Undefined is a fault of ours: the caller logs
 * it and answers `internal_error`, because a foreign message may carry SQL, a path or a secret.
 */
export function translateError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (error instanceof HttpException) return translateHttpException(error);
  if (!(error instanceof Error)) return undefined;
  const known = fastifyCode(error);
  if (known !== undefined) return known;
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) return new AppError(codeOf(status));
  return translateDatabaseError(error);
}

function translateHttpException(exception: HttpException): AppError | undefined {
  // Nest wraps Fastify's errors and keeps the original, whose code says more than its status.
  const known = exception.cause instanceof Error ? fastifyCode(exception.cause) : undefined;
  if (known !== undefined) return known;
  const status = exception.getStatus();
  if (status >= 500 && status !== 503) return undefined;
  return new AppError(codeOf(status), exception.cause === undefined ? exception.message : undefined);
}

function fastifyCode(error: Error): AppError | undefined {
  const known = 'code' in error && typeof error.code === 'string' ? FASTIFY_CODES[error.code] : undefined;
  return known && new AppError(...known);
}

function codeOf(status: number): ErrorCode {
  return CODES_BY_STATUS[status] ?? 'bad_request';
}
