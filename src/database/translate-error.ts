import { AppError } from '../runtime/errors.js';
import { QueueFullError } from './write-batcher.js';

/** Long enough for a failover to move on, short enough that clients do not give up. */
const RETRY_AFTER_SECONDS = 2;

/**
 * States after which the same request may succeed later: 25006 is a write on a server that became a standby, 40001 and
 * 40P01 lost a race, 53300 is out of connections, 53100 and 53200 out of disk and memory, 55P03 waited too long for a lock.
 */
const RETRYABLE_STATES = new Set(['25006', '40001', '40P01', '53100', '53200', '53300', '55P03', '57014']);
const RETRYABLE_CLASSES = ['08', '57P'];

const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The pool and the client of node-postgres give these no code; the texts are those of pg 8. */
const CLIENT_MESSAGES = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Query read timeout',
  'Cannot use a pool after calling end on the pool',
  'Client was closed and is not queryable',
];

/**
 * The one place that reads PostgreSQL's and the driver's errors: what may pass becomes 503 `database_unavailable`,
 * anything else is `undefined` and a fault of ours. TypeORM wraps the driver's error and copies its members.
 */
export function translateDatabaseError(error: unknown): AppError | undefined {
  if (error instanceof QueueFullError) {
    return new AppError(
      'overloaded',
      'More is being stored than the database keeps up with; nothing was stored. Try again.',
      {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: error,
      },
    );
  }
  return error instanceof Error && isUnavailable(error) ? databaseUnavailable(error) : undefined;
}

export function databaseUnavailable(cause?: Error): AppError {
  return new AppError('database_unavailable', 'The database is not available; nothing was stored. Try again.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}

function isUnavailable(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && (RETRYABLE_STATES.has(code) || SOCKET_ERRORS.has(code))) return true;
  if (code !== undefined && RETRYABLE_CLASSES.some((prefix) => code.startsWith(prefix))) return true;
  if (CLIENT_MESSAGES.some((message) => error.message.includes(message))) return true;
  // Node tries every address of a host and reports all its failures as one.
  if (error instanceof AggregateError)
    return error.errors.some((inner) => inner instanceof Error && isUnavailable(inner));
  return false;
}
