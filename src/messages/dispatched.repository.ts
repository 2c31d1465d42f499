import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { COUNT_DISPATCHED, FIND_DISPATCHED, MESSAGES_BEFORE, TOPICS_WITH_DISPATCHED } from './dispatched.sql.js';
import { Email } from './email.entity.js';

/** What one transaction moves: some hundred milliseconds for which the emails are locked. */
const EMAILS_PER_CHUNK = 10_000;
const HIGHEST_GENERATION = 2 ** 31 - 1;
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Finds mail that the ledger believes to be in the stream. */
@Injectable()
export class DispatchedRepository {
  constructor(@InjectRepository(Email) private readonly emails: Repository<Email>) {}

  /**
   * Ids of what was dispatched before a moment and published less often than `generations`, in chunks that the caller moves to
   * another state before it asks for the next. The newest mail is looked at first, and no more of a topic than it has in that state.
   */
  async *before(moment: Date, generations = Infinity): AsyncGenerator<string[]> {
    const topics = await rowsOf<{ topic_id: string }>(this.emails.manager, TOPICS_WITH_DISPATCHED, []);
    for (const { topic_id: topicId } of topics)
      yield* this.ofTopic(topicId, moment, Math.min(generations, HIGHEST_GENERATION));
  }

  private async *ofTopic(topicId: string, moment: Date, generations: number): AsyncGenerator<string[]> {
    const { manager } = this.emails;
    /** What is dispatched and not meant. */
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
      const found = await rowsOf<{ id: string; is_meant: boolean }>(manager, FIND_DISPATCHED, [
        ranges,
        moment,
        generations,
      ]);
      const meant = found.filter(({ is_meant }) => is_meant).map(({ id }) => id);
      others += found.length - meant.length;
      if (meant.length > 0) yield meant;
    }
  }
}
