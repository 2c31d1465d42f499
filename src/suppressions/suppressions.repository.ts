import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { textArray } from '../database/binary-array.js';
import { rowsOf } from '../database/statement.js';
import { Suppression, type SuppressionReason } from './suppression.entity.js';
import { CLEAR_SOFT_BOUNCES, COUNT_SOFT_BOUNCES, SUPPRESS, SUPPRESSED_AMONG } from './suppressions.sql.js';

export interface NewSuppression {
  address: string;
  reason: SuppressionReason;
  source: string;
}

/** Addresses are compared without case; what comes out of here is in lower case. */
@Injectable()
export class SuppressionsRepository {
  constructor(@InjectRepository(Suppression) private readonly suppressions: Repository<Suppression>) {}

  /** Adds what is not there yet. Returns how many that were. */
  async suppress(
    entries: readonly NewSuppression[],
    manager: EntityManager = this.suppressions.manager,
  ): Promise<number> {
    if (entries.length === 0) return 0;
    const rows = await rowsOf<{ address: string }>(manager, SUPPRESS, [
      entries.map(({ address }) => address),
      entries.map(({ reason }) => reason),
      entries.map(({ source }) => source),
    ]);
    return rows.length;
  }

  /** Those of the addresses that are suppressed. */
  async among(
    addresses: readonly string[],
    manager: EntityManager = this.suppressions.manager,
  ): Promise<ReadonlySet<string>> {
    const lower = addresses.map((address) => address.toLowerCase());
    const rows = await rowsOf<{ address: string }>(manager, SUPPRESSED_AMONG, [textArray(lower)]);
    return new Set(rows.map(({ address }) => address));
  }

  /** Counts a transient bounce of each address. Returns those that had `limit` in a row by now. */
  async countSoftBounces(transaction: EntityManager, addresses: readonly string[], limit: number): Promise<string[]> {
    if (addresses.length === 0) return [];
    const rows = await rowsOf<{ address: string; count: number }>(transaction, COUNT_SOFT_BOUNCES, [addresses]);
    return rows.filter(({ count }) => count >= limit).map(({ address }) => address);
  }

  /** A delivery ends the row of transient bounces. */
  async clearSoftBounces(transaction: EntityManager, addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    await transaction.query(CLEAR_SOFT_BOUNCES, [addresses.map((address) => address.toLowerCase())]);
  }
}
