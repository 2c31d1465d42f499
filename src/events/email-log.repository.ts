import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { formatId, idAt, parseId } from '../contracts/ids.js';
import { CODE } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { Email } from '../messages/email.entity.js';
import { type EmailDetail, emailDetailOf, type EmailRow } from '../messages/emails.repository.js';
import { MessagesRepository } from '../messages/messages.repository.js';
import { LOG_END, LOG_PAGE, type LogFilter, sourceOf } from './email-log.sql.js';

/** Candidates of one page: some 50 ms of reading. A page that finds less within them says where to go on. */
const BUDGET = 10_000;

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export interface LogQuery extends LogFilter {
  messageId: string | null;
  /** The id below which the page begins. */
  before: string | null;
  limit: number;
}

export interface LogPage {
  emails: EmailDetail[];
  /** The id below which the next page begins; null after the last. */
  next: string | null;
}

@Injectable()
export class EmailLogRepository {
  constructor(
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly messages: MessagesRepository,
  ) {}

  /** Emails, newest first, by their ids. */
  async page(query: LogQuery): Promise<LogPage> {
    const span = await this.span(query);
    if (span === null) return { emails: [], next: null };
    const { topicId, state, address, limit } = query;
    // One message has at most a thousand emails: no other way to them is shorter.
    const source = sourceOf(query.messageId === null ? query : { topicId: null, state: null, address: null });
    const budget = source.isExact && query.messageId === null ? limit + 1 : BUDGET;
    const code = state && CODE[state];
    const parameters = [span.before, span.from, topicId, code, address?.toLowerCase() ?? null, budget, limit + 1];
    const rows = await rowsOf<EmailRow>(this.emails.manager, LOG_PAGE(source), parameters);
    if (rows.length > limit) return { emails: rows.slice(0, limit).map(emailDetailOf), next: rows[limit - 1].id };
    if (budget !== BUDGET) return { emails: rows.map(emailDetailOf), next: null };
    const [end] = await rowsOf<{ candidates: number; last: string }>(this.emails.manager, LOG_END(source), parameters);
    return { emails: rows.map(emailDetailOf), next: end.candidates === BUDGET ? end.last : null };
  }

  private async span({ before, messageId }: LogQuery): Promise<{ before: string; from: string } | null> {
    const highest = before ?? HIGHEST_ID;
    if (messageId === null) return { before: highest, from: LOWEST_ID };
    const message = await this.messages.find(messageId);
    if (!message) return null;
    const first = parseId(message.firstEmailId);
    // The id behind the message's last: a range is never full (contracts/ids.ts).
    const behind = formatId(idAt(first, message.count));
    return { before: behind < highest ? behind : highest, from: message.firstEmailId };
  }
}
