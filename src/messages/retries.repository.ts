import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { CODE, type State, stateOf } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { LedgerService, type Move } from '../ledger/ledger.service.js';
import { BatchesRepository, type Regrouping } from './batches.repository.js';
import { Email } from './email.entity.js';
import { LOCK_EMAILS } from './emails.sql.js';
import {
  COUNT_UNCERTAIN,
  FIND_IN_STATES,
  FIND_UNCONFIRMED,
  FORGET_ATTEMPTS,
  LAST_MESSAGE,
  LOCK_MESSAGES,
  NEXT_MESSAGES,
  READ_IN_STATES,
} from './retries.sql.js';

/** What a caller may want sent again; everything else has left, or may not. */
export const RETRYABLE_STATES = ['failed', 'expired', 'stopped', 'uncertain'] as const;
export type RetryableState = (typeof RETRYABLE_STATES)[number];

/**
 * Per transaction. Ten thousand emails are locked for some hundred milliseconds. Messages of one recipient are by far the
 * most in many topics, and ten of them at a time took a request half a minute for 5,000; each may need a batch of its
 * own, which is why they are not ten thousand too.
 */
const EMAILS_PER_CHUNK = 10_000;
const MESSAGES_PER_CHUNK = 500;
const UNCONFIRMED_PER_RUN = 1_000;
/** SES reports a Send within seconds; a mail whose event has not come after this long is overdue. */
const EVENT_WAIT_SECONDS = 120;
/** More are "more than a thousand": a count is to cost the same at any number. */
const COUNT_LIMIT = 1_001;

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

interface EndedEmail {
  id: string;
  state: number;
  batch_id: string;
  topic_id: string;
  generation: number;
  kind: string;
}

/**
 * Brings back to `pending` what had ended. Emails are locked, then read: an event that came in between wins. What they
 * leave is a dispatched or a final batch, which nobody changes any more, so that no batch needs a lock.
 */
@Injectable()
export class RetriesRepository {
  constructor(
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly batches: BatchesRepository,
    private readonly ledger: LedgerService,
  ) {}

  /**
   * Sends a topic's emails that are in these states again; yields how many after each transaction. Each message that
   * the topic has at this moment is looked at once, so what fails again meanwhile is not taken twice.
   */
  async *retry(topicId: string, states: readonly RetryableState[]): AsyncGenerator<number> {
    const [last] = await rowsOf<{ first_email_id: string }>(this.emails.manager, LAST_MESSAGE, [topicId]);
    if (!last) return;
    for (let after = LOWEST_ID; ;) {
      const messages = await rowsOf<{ first_email_id: string }>(this.emails.manager, NEXT_MESSAGES, [
        topicId,
        after,
        last.first_email_id,
        MESSAGES_PER_CHUNK,
        EMAILS_PER_CHUNK,
      ]);
      if (messages.length === 0) return;
      const ranges = messages.map(({ first_email_id }) => first_email_id);
      after = ranges[ranges.length - 1];
      yield await this.emails.manager.transaction(async (transaction) => {
        const complete = await rowsOf<{ first_email_id: string }>(transaction, LOCK_MESSAGES, [topicId, ranges]);
        const found = await rowsOf<{ id: string }>(transaction, FIND_IN_STATES, [
          complete.map(({ first_email_id }) => first_email_id),
          codesOf(states),
        ]);
        const emails = await this.hold(transaction, found, states);
        if (emails.length === 0) return 0;
        await transaction.query(FORGET_ATTEMPTS, [emails.map(({ id }) => id)]);
        await this.putBack(transaction, emails, { isAcceptedNow: true });
        return emails.length;
      });
    }
  }

  /** Sends again what is in doubt and would have been confirmed by now. Returns how many emails that were. */
  retryUnconfirmed(): Promise<number> {
    return this.emails.manager.transaction(async (transaction) => {
      const found = await rowsOf<{ id: string }>(transaction, FIND_UNCONFIRMED, [
        EVENT_WAIT_SECONDS,
        UNCONFIRMED_PER_RUN,
      ]);
      const emails = await this.hold(transaction, found, ['uncertain']);
      if (emails.length > 0) await this.putBack(transaction, emails, {});
      return emails.length;
    });
  }

  /** Publishes emails again that the stream has lost. Returns how many are still dispatched and were not claimed meanwhile. */
  retryDispatched(ids: readonly string[]): Promise<number> {
    return this.emails.manager.transaction(async (transaction) => {
      const emails = await this.hold(
        transaction,
        ids.map((id) => ({ id })),
        ['dispatched'],
      );
      if (emails.length > 0) await this.putBack(transaction, emails, {});
      return emails.length;
    });
  }

  /** Emails in doubt whose event is overdue; at most 1,001. */
  async countUncertain(): Promise<number> {
    const [{ count }] = await rowsOf<{ count: number }>(this.emails.manager, COUNT_UNCERTAIN, [
      EVENT_WAIT_SECONDS,
      COUNT_LIMIT,
    ]);
    return count;
  }

  private async hold(
    transaction: EntityManager,
    found: readonly { id: string }[],
    states: readonly State[],
  ): Promise<EndedEmail[]> {
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    await transaction.query(LOCK_EMAILS, [ids]);
    return rowsOf<EndedEmail>(transaction, READ_IN_STATES, [ids, codesOf(states)]);
  }

  private async putBack(
    transaction: EntityManager,
    emails: readonly EndedEmail[],
    { isAcceptedNow = false }: Pick<Regrouping, 'isAcceptedNow'>,
  ): Promise<void> {
    const groups = new Map<string, Regrouping & { generation: number }>();
    for (const { id, state, batch_id: sourceId, generation, kind } of emails) {
      const group = groups.get(kind);
      if (group) {
        group.ids.push(id);
        // Higher than the generation that the stream knows of any of them.
        if (generation > group.generation) Object.assign(group, { generation, sourceId });
        continue;
      }
      const fresh = { delayMs: 0, generationStep: 1, attempts: 0, error: null } as const;
      const neverExpires = state === CODE.expired;
      groups.set(kind, { ...fresh, sourceId, generation, ids: [id], isAcceptedNow, neverExpires });
    }
    await this.batches.regroup(transaction, [...groups.values()]);
    await this.ledger.move(
      transaction,
      emails.map(({ topic_id: topicId, state }): Move => ({ topicId, from: stateOf(state), to: 'pending', count: 1 })),
    );
  }
}

function codesOf(states: readonly State[]): number[] {
  return states.map((state) => CODE[state]);
}
