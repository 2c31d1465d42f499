import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import {
  FORGET_POSTPONED,
  LOCK_CONTENTS,
  NEXT_MESSAGES,
  NEXT_POSTPONED,
  POSTPONE,
  REMOVE_CONTENTS,
  REMOVE_VARIABLES,
  SETTLE_POSTPONED,
} from './contents.sql.js';
import { Retention } from './retention.entity.js';
import { ADVANCE_CONTENTS } from './retention.sql.js';
import { untilEmails } from './steps.js';
import { isOver, rangeFrom, Survey } from './survey.js';

/** Some ten milliseconds: nobody waits for it but a retry of these messages. */
const MESSAGES_PER_STEP = 100;
const EMAILS_PER_STEP = 5_000;

interface MessageRow {
  id: string;
  first_email_id: string;
  count: number;
  has_content: boolean;
}

/**
 * Removes the content of messages, once: in the order of their ids, with a note of how far that has come, and what was not
 * due then by a note of its own. So nothing is searched for, and no index stands in the way of acceptance.
 */
@Injectable()
export class ContentsRepository {
  constructor(
    @InjectRepository(Retention) private readonly retention: Repository<Retention>,
    private readonly survey: Survey,
  ) {}

  /** Goes on by one step; returns false at the end. */
  async advance(days: number, cutoff: Date): Promise<boolean> {
    const { contentsUntil } = await this.retention.findOneByOrFail({ id: 1 });
    const parameters = [contentsUntil, cutoff, MESSAGES_PER_STEP];
    const messages = untilEmails(
      await rowsOf<MessageRow>(this.retention.manager, NEXT_MESSAGES, parameters),
      EMAILS_PER_STEP,
    );
    if (messages.length === 0) return false;
    await this.retention.manager.transaction(async (transaction) => {
      await this.remove(transaction, messages, days, cutoff);
      await transaction.query(ADVANCE_CONTENTS, [messages[messages.length - 1].id]);
    });
    return true;
  }

  /** Looks again at some of what was postponed; returns false when all of it was. */
  async advancePostponed(days: number, cutoff: Date): Promise<boolean> {
    const { manager } = this.retention;
    const messages = untilEmails(
      await rowsOf<MessageRow>(manager, NEXT_POSTPONED, [MESSAGES_PER_STEP]),
      EMAILS_PER_STEP,
    );
    if (messages.length === 0) {
      await manager.query(FORGET_POSTPONED);
      return false;
    }
    await manager.transaction((transaction) => this.remove(transaction, messages, days, cutoff));
    return true;
  }

  private async remove(
    transaction: EntityManager,
    messages: readonly MessageRow[],
    days: number,
    cutoff: Date,
  ): Promise<void> {
    const ids = messages.map(({ id }) => id);
    const locked = await rowsOf<MessageRow>(transaction, LOCK_CONTENTS, [ids]);
    const ranges = locked.map(({ first_email_id }) => rangeFrom(first_email_id));
    const surveyed = await this.survey.of(transaction, ranges, EMAILS_PER_STEP, cutoff);
    const over = new Set(surveyed.filter(isOver).map(({ first }) => first));
    const due = locked.filter(({ first_email_id }) => over.has(first_email_id));
    const dueRanges = ranges.filter(({ first }) => over.has(first));
    await transaction.query(REMOVE_CONTENTS, [due.map(({ id }) => id)]);
    await transaction.query(REMOVE_VARIABLES, [
      dueRanges.map(({ first }) => first),
      dueRanges.map(({ behind }) => behind),
    ]);
    await transaction.query(SETTLE_POSTPONED, [ids]);
    const ends = new Map(surveyed.map((row) => [row.first, row.is_finished ? row.ended_at : null]));
    // Those that a retry holds at this moment too: they are not among the locked.
    const kept = messages.filter(({ first_email_id, has_content }) => has_content && !over.has(first_email_id));
    await transaction.query(POSTPONE, [
      kept.map(({ id }) => id),
      kept.map(({ first_email_id }) => ends.get(first_email_id) ?? null),
      days,
    ]);
  }
}
