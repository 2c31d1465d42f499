import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { formatId, idAt, parseId, RANGE_SIZE } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import type { Removal } from '../ledger/ledger.service.js';
import { SURVEY, SURVEYED_COLUMNS } from './survey.sql.js';

/** Ids from the first to the one before `behind`. */
export interface IdRange {
  first: string;
  behind: string;
}

type Column = (typeof SURVEYED_COLUMNS)[number];

/** Emails of one range and one topic. */
export type Surveyed = Record<Column, number> & {
  /** Of the range. */
  first: string;
  topic_id: string | null;
  emails: number;
  last_id: string;
  is_finished: boolean;
  /** When the last of them came to its end; null where nothing says it. */
  ended_at: Date | null;
  is_past: boolean;
};

/** Looks at emails before they are removed. */
@Injectable()
export class Survey {
  private readonly unfinished: readonly number[];

  /**
   * What an external sender acknowledged is done, and it never tells: there, a mail's dispatch is its end. A mail in doubt
   * is not finished: its event, or somebody's decision, still comes.
   */
  constructor(@Inject(natsConfig.KEY) nats: NatsConfig) {
    const ours = nats.externalSender ? [] : [CODE.dispatched];
    this.unfinished = [CODE.pending, CODE.sending, CODE.uncertain, ...ours];
  }

  of(manager: EntityManager, ranges: readonly IdRange[], limit: number, cutoff: Date): Promise<Surveyed[]> {
    return rowsOf<Surveyed>(manager, SURVEY, [
      ranges.map(({ first }) => first),
      ranges.map(({ behind }) => behind),
      limit,
      this.unfinished,
      cutoff,
    ]);
  }
}

export function isOver({ topic_id, is_finished, is_past }: Surveyed): boolean {
  return topic_id !== null && is_finished && is_past;
}

/** What the counters keep of surveyed emails. */
export function countsOf(surveyed: readonly Surveyed[]): Removal['counts'] {
  return surveyed.flatMap((row) =>
    SURVEYED_COLUMNS.map((column) => ({ topicId: row.topic_id!, column, count: row[column] })),
  );
}

/** The range of a message's emails; the id behind it stands for its last one, which a message never reaches. */
export function rangeFrom(firstEmailId: string): IdRange {
  return { first: firstEmailId, behind: formatId(idAt(parseId(firstEmailId), RANGE_SIZE - 1)) };
}
