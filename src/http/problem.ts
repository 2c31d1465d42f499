import { ERRORS, type AppError, type FieldError } from '../runtime/errors.js';
import { SECURITY_HEADERS } from './security-headers.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** RFC 9457, and the two members that clients of the old service read: `error` and `timestamp`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors?: readonly FieldError[];
  error: string;
  timestamp: string;
}

export function problemOf(error: AppError, requestId: string): Problem {
  const { status, title } = ERRORS[error.code];
  return {
    type: `urn:problem:${error.code}`,
    title,
    status,
    detail: error.detail,
    code: error.code,
    request_id: requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    error: error.detail,
    timestamp: new Date().toISOString(),
  };
}

/** The headers that go with a problem, whichever layer answers it: some come before any hook has run. */
export function problemHeaders(error: AppError, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    ...SECURITY_HEADERS,
    'content-type': PROBLEM_MEDIA_TYPE,
    'x-request-id': requestId,
  };
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  return headers;
}
