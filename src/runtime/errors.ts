/**
 * Every error that leaves the gateway. A code is part of the contract: it keeps its meaning for ever and is never given
 * to another fault. The status is data here, so that services can throw without knowing HTTP.
 */
export const ERRORS = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  link_invalid: { status: 400, title: 'The link is not one of ours' },
  not_sns: { status: 400, title: 'The body is not an SNS message' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  too_deep: { status: 400, title: 'The JSON is too deep or too large in structure' },
  validation_failed: { status: 400, title: 'The request is not valid' },
  idempotency_key_invalid: { status: 400, title: 'The Idempotency-Key is not valid' },
  unauthorized: { status: 401, title: 'A valid API key is required' },
  sns_signature_invalid: { status: 403, title: 'The SNS message is not accepted' },
  forbidden: { status: 403, title: 'This API key may not do that' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The state does not allow this' },
  not_pending: { status: 409, title: 'The email is no longer pending' },
  being_dispatched: { status: 409, title: 'The email is being dispatched' },
  too_late: { status: 409, title: 'The email would have expired by then' },
  idempotency_in_progress: { status: 409, title: 'A request with this Idempotency-Key is still running' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The URL is too long' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  unsupported_encoding: { status: 415, title: 'The content encoding is not supported' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used with another body' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Internal error' },
  database_unavailable: { status: 503, title: 'The database is not available' },
  unavailable: { status: 503, title: 'The service is not available' },
  sns_unavailable: { status: 503, title: 'SNS cannot be asked at the moment' },
  overloaded: { status: 503, title: 'The service is overloaded' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault of a request; `pointer` is a JSON Pointer (RFC 6901) into its body, or to a parameter's name. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

/** More are not listed: a body of a hundred thousand bad addresses must not become an answer as long. */
export const MAX_FIELD_ERRORS = 100;

export interface AppErrorOptions {
  errors?: readonly FieldError[];
  /** Sent as Retry-After. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** What services throw. The detail is shown to the caller: no SQL, no paths, no addresses of others. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    readonly detail: string = ERRORS[code].title,
    options: AppErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** A refused request; the detail repeats the first fault, for clients that read only that. */
export function validationFailed(errors: readonly FieldError[]): AppError {
  const listed = errors.slice(0, MAX_FIELD_ERRORS);
  const [first] = listed;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail =
    first === undefined ? ERRORS.validation_failed.title : `${first.pointer || '/'}: ${first.detail}${more}`;
  return new AppError('validation_failed', detail, { errors: listed });
}
