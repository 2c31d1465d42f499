import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { translateDatabaseError } from '../database/translate-error.js';

const UNIQUE_VIOLATION = '23505';

/** Ids are chosen here and not by the database: a range that was taken already violates a primary key. */
export function isIdCollision(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, constraint } = error.driverError as Error & { code?: string; constraint?: string };
  return code === UNIQUE_VIOLATION && /^(messages|batches|emails)_.*pkey$/.test(constraint ?? '');
}

/** PostgreSQL took offence at what it was given: nothing was committed, and a part of it may be good. */
export function wasRefused(error: unknown): boolean {
  return (
    error instanceof QueryFailedError &&
    error.driverError instanceof DatabaseError &&
    translateDatabaseError(error) === undefined
  );
}
