import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { LedgerService, type Removal } from '../ledger/ledger.service.js';
import {
  LOCK_EMAILS,
  LOCK_MESSAGES,
  NEXT_IN_RANGE,
  REMOVE_BATCHES,
  REMOVE_EMAILS,
  REMOVE_EVENTS,
  REMOVE_MESSAGES,
  REMOVE_PROVIDER_IDS,
} from './past-messages.sql.js';
import { Retention } from './retention.entity.js';
import { untilEmails } from './steps.js';
import { countsOf, type IdRange, isOver, rangeFrom, Survey } from './survey.js';

const MESSAGES_PER_STEP = 100;
/** Locked and removed in one transaction, some hundred milliseconds: a late event of one of them waits for it. */
const EMAILS_PER_STEP = 2_000;

interface MessageRow {
  id: string;
  first_email_id: string;
  count: number;
}

type LockedRow = MessageRow & { topic_id: string };

/** Removes single messages with all that belongs to them, where their month cannot be dropped: others in it have to stay. */
@Injectable()
export class PastMessagesRepository {
  constructor(
    @InjectRepository(Retention) private readonly retention: Repository<Retention>,
    private readonly survey: Survey,
    private readonly ledger: LedgerService,
  ) {}

  /** Looks at some messages behind `after`; returns the last one's id, null where there were none. */
  async removeSome({ first, behind }: IdRange, after: string, cutoff: Date): Promise<string | null> {
    const { manager } = this.retention;
    const parameters = [after, first, behind, MESSAGES_PER_STEP];
    const messages = untilEmails(await rowsOf<MessageRow>(manager, NEXT_IN_RANGE, parameters), EMAILS_PER_STEP);
    if (messages.length === 0) return null;
    await manager.transaction((transaction) => this.remove(transaction, messages, cutoff));
    return messages[messages.length - 1].id;
  }

  private async remove(transaction: EntityManager, messages: readonly MessageRow[], cutoff: Date): Promise<void> {
    const locked = await rowsOf<LockedRow>(transaction, LOCK_MESSAGES, [messages.map(({ id }) => id)]);
    const all = locked.map(({ first_email_id }) => rangeFrom(first_email_id));
    // Most of what is looked at has to stay, and is not locked for that.
    const likely = await this.over(transaction, all, cutoff);
    await transaction.query(LOCK_EMAILS, boundsOf(likely.map(({ first }) => rangeFrom(first))));
    const over = await this.over(
      transaction,
      likely.map(({ first }) => rangeFrom(first)),
      cutoff,
    );
    if (over.length === 0) return;
    const bounds = boundsOf(over.map(({ first }) => rangeFrom(first)));
    await transaction.query(REMOVE_EVENTS, bounds);
    await transaction.query(REMOVE_PROVIDER_IDS, bounds);
    const dispatched = await rowsOf<Removal['dispatched'][number]>(transaction, REMOVE_BATCHES, bounds);
    await transaction.query(REMOVE_EMAILS, bounds);
    const firsts = new Set(over.map(({ first }) => first));
    const removed = locked.filter(({ first_email_id }) => firsts.has(first_email_id));
    await transaction.query(REMOVE_MESSAGES, [removed.map(({ id }) => id)]);
    const totals = removed.map(({ topic_id: topicId, count }) => ({ topicId, column: 'total', count }) as const);
    await this.ledger.remove(transaction, { counts: [...totals, ...countsOf(over)], dispatched });
  }

  private async over(transaction: EntityManager, ranges: readonly IdRange[], cutoff: Date) {
    return (await this.survey.of(transaction, ranges, EMAILS_PER_STEP, cutoff)).filter(isOver);
  }
}

function boundsOf(ranges: readonly IdRange[]): [string[], string[]] {
  return [ranges.map(({ first }) => first), ranges.map(({ behind }) => behind)];
}
