import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { AppError } from '../runtime/errors.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { FIND_KEY, PURGE_KEYS, STORE_KEY, TRY_LOCK_KEY } from './idempotency.sql.js';

const LIFETIME_HOURS = 24;
const RETRY_AFTER_SECONDS = 1;

/** An `Idempotency-Key` as one API key uses it, with the body that came with it. */
export interface KeyUse {
  apiKey: string;
  key: string;
  bodySha256: Buffer;
}

/** The key is locked by, checked in and stored with the transaction of the submission: they commit as one. */
@Injectable()
export class IdempotencyRepository {
  constructor(@InjectRepository(IdempotencyKey) private readonly keys: Repository<IdempotencyKey>) {}

  /**
   * First statement of the submission's transaction. Returns the stored response of an earlier one, null for a new
   * key; throws when the first use still runs, or had another body.
   */
  async begin(transaction: EntityManager, { apiKey, key, bodySha256 }: KeyUse): Promise<string | null> {
    const [{ locked }] = await rowsOf<{ locked: boolean }>(transaction, TRY_LOCK_KEY, [apiKey, key]);
    if (!locked) {
      throw new AppError('idempotency_in_progress', 'A request with this Idempotency-Key is still running.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    const [stored] = await rowsOf<{ body_sha256: Buffer; response: string }>(transaction, FIND_KEY, [apiKey, key]);
    if (!stored) return null;
    if (!stored.body_sha256.equals(bodySha256)) {
      throw new AppError('idempotency_mismatch', 'This Idempotency-Key was used with another body.');
    }
    return stored.response;
  }

  async store(transaction: EntityManager, { apiKey, key, bodySha256 }: KeyUse, response: string): Promise<void> {
    await transaction.query(STORE_KEY, [apiKey, key, bodySha256, response, LIFETIME_HOURS]);
  }

  async purge(): Promise<void> {
    await this.keys.manager.query(PURGE_KEYS);
  }
}
