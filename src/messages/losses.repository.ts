import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { Email } from './email.entity.js';
import { COUNT_DISPATCHED, FIND_DISPATCHED, MESSAGES_BEFORE, TOPICS_WITH_DISPATCHED } from './losses.sql.js';
import { RetriesRepository } from './retries.repository.js';

/** What one transaction puts back: some hundred milliseconds for which the emails are locked. */
const EMAILS_PER_CHUNK = 10_000;
const HIGHEST_GENERATION = 2 ** 31 - 1;
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Finds mail that the ledger believes to be in the stream and that is not there, and puts it back. */
@Injectable()
export class LossesRepository {
  constructor(
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly retries: RetriesRepository,
  ) {}

  /**
   * Sends again what was dispatched before a moment at which the stream held nothing that was published before it. The newest
   * mail is looked at first, and no more of a topic than it has in that state. What was published more often than `mostLosses` allows
   * is left as it is. Yields how many after each transaction.
   */
  async *retryDispatchedBefore(moment: Date, mostLosses: number): AsyncGenerator<number> {
    const topics = await rowsOf<{ topic_id: string }>(this.emails.manager, TOPICS_WITH_DISPATCHED, []);
    for (const { topic_id: topicId } of topics)
      yield* this.retryTopic(topicId, moment, Math.min(mostLosses, HIGHEST_GENERATION));
  }

  private async *retryTopic(topicId: string, moment: Date, highestGeneration: number): AsyncGenerator<number> {
    const { manager } = this.emails;
    /** What is dispatched and not lost. */
    let others = 0;
    for (let before = HIGHEST_ID; ;) {
      const [counter] = await rowsOf<{ count: number }>(manager, COUNT_DISPATCHED, [topicId]);
      if (others >= (counter?.count ?? 0)) return;
      const messages = await rowsOf<{ first_email_id: string }>(manager, MESSAGES_BEFORE, [
        topicId,
        before,
        EMAILS_PER_CHUNK,
      ]);
      if (messages.length === 0) return;
      const ranges = messages.map(({ first_email_id }) => first_email_id);
      before = ranges[ranges.length - 1];
      const found = await rowsOf<{ id: string; is_lost: boolean }>(manager, FIND_DISPATCHED, [
        ranges,
        moment,
        highestGeneration,
      ]);
      const lost = found.filter(({ is_lost }) => is_lost).map(({ id }) => id);
      others += found.length - lost.length;
      if (lost.length > 0) yield await this.retries.retryDispatched(lost);
    }
  }
}
