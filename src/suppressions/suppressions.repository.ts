import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { asciiArray, textArray } from '../database/binary-array.js';
import { rowsOf } from '../database/statement.js';
import { Suppression, type SuppressionReason } from './suppression.entity.js';
import { CLEAR_SOFT_BOUNCES, COUNT_SOFT_BOUNCES, REASONS_AMONG, RELEASE, SUPPRESS } from './suppressions.sql.js';

/** What a suppression is of: all mail to an address, or, where the topic is not empty, that of one topic. */
export interface Scope {
  address: string;
  topicId: string;
}

/** Why an address gets no mail of a topic; under the empty topic, why it gets none at all. */
export type ReasonByTopic = ReadonlyMap<string, SuppressionReason>;

/** Where a row stands in the list: its time to the microsecond, which a Date cannot hold, and its key. */
export interface Position extends Scope {
  position: string;
}

export type ListedSuppression = Suppression & Position;

export interface Filter {
  address: string | null;
  reason: SuppressionReason | null;
}

const POSITION = `to_char(suppression.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

export interface NewSuppression extends Scope {
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
      textArray(entries.map(({ address }) => address)),
      textArray(entries.map(({ topicId }) => topicId)),
      textArray(entries.map(({ reason }) => reason)),
      textArray(entries.map(({ source }) => source)),
    ]);
    return rows.length;
  }

  /** Newest first. */
  page({ address, reason }: Filter, after: Position | null, limit: number): Promise<ListedSuppression[]> {
    const query = this.suppressions
      .createQueryBuilder('suppression')
      .comment('suppressions.page')
      .select('suppression.address', 'address')
      .addSelect('suppression.topicId', 'topicId')
      .addSelect('suppression.reason', 'reason')
      .addSelect('suppression.source', 'source')
      .addSelect('suppression.createdAt', 'createdAt')
      .addSelect(POSITION, 'position')
      .orderBy('suppression.createdAt', 'DESC')
      .addOrderBy('suppression.address', 'DESC')
      .addOrderBy('suppression.topicId', 'DESC')
      .limit(limit);
    if (address !== null) query.andWhere('suppression.address = :address', { address });
    if (reason !== null) query.andWhere('suppression.reason = :reason', { reason });
    if (after !== null) {
      const row = '(suppression.createdAt, suppression.address, suppression.topicId)';
      query.andWhere(`${row} < (CAST(:afterTime AS timestamptz), :afterAddress, :afterTopic)`, {
        afterTime: after.position,
        afterAddress: after.address,
        afterTopic: after.topicId,
      });
    }
    return query.getRawMany<ListedSuppression>();
  }

  /** All of them, page by page: no connection is held while a slow reader takes its time. */
  async *pages(filter: Filter, from: Position | null, rowsPerPage: number): AsyncGenerator<ListedSuppression[]> {
    let after = from;
    for (;;) {
      const rows = await this.page(filter, after, rowsPerPage);
      if (rows.length > 0) yield rows;
      if (rows.length < rowsPerPage) return;
      after = rows[rows.length - 1];
    }
  }

  /** Takes suppressions off the list. Returns how many stood there. */
  async release(scopes: readonly Scope[]): Promise<number> {
    const rows = await rowsOf(this.suppressions.manager, RELEASE, [
      textArray(scopes.map(({ address }) => address.toLowerCase())),
      textArray(scopes.map(({ topicId }) => topicId)),
    ]);
    return rows.length;
  }

  /** Those of the addresses, which are in lower case, that some mail is not sent to: the reasons by topic. */
  async reasonsAmong(
    addresses: readonly string[],
    manager: EntityManager = this.suppressions.manager,
  ): Promise<ReadonlyMap<string, ReasonByTopic>> {
    const reasons = new Map<string, Map<string, SuppressionReason>>();
    if (addresses.length === 0) return reasons;
    const rows = await rowsOf<{ address: string; topic_id: string; reason: SuppressionReason }>(
      manager,
      REASONS_AMONG,
      [asciiArray(addresses)],
    );
    for (const { address, topic_id, reason } of rows) {
      const byTopic = reasons.get(address) ?? new Map<string, SuppressionReason>();
      reasons.set(address, byTopic.set(topic_id, reason));
    }
    return reasons;
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
