import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, Repository } from 'typeorm';
import type { Variables } from '../compose/variables.js';
import { allocateRange, formatId, idAt, newId, parseId } from '../contracts/ids.js';
import { type State, stateOf } from '../contracts/states.js';
import {
  booleanArray,
  integerArray,
  jsonbArray,
  smallintArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from '../database/binary-array.js';
import { type EncodedStatement, runTogether } from '../database/statement-group.js';
import { rowsOf, runAll } from '../database/statement.js';
import { crashPoint } from '../runtime/crash-point.js';
import type { Block, BlockedByTopic } from '../suppressions/recipient-check.js';
import { EmailRows } from './email-rows.js';
import { Message } from './message.entity.js';
import { COUNT_STATES, INSERT_BATCHES, INSERT_MESSAGES, INSERT_MESSAGES_WITH_EXTRAS } from './messages.sql.js';
import { notSealed } from './removal-seal.sql.js';

/** One statement's worth: at 10,000 rows unnest is on its plateau, and the event loop is free again after a few ms. */
const EMAILS_PER_STATEMENT = 10_000;

/** What most messages do not have. */
export interface MessageExtras {
  text: string | null;
  fromEmail: string | null;
  replyTo: string | null;
  headers: Readonly<Record<string, string>> | null;
  tags: Readonly<Record<string, string>> | null;
  variables: Variables | null;
  unsubscribe: boolean;
  expiresAt: Date | null;
}

export interface NewMessage extends MessageExtras {
  /** The name of the key that it came with. */
  apiKey: string;
  topicId: string;
  subject: string;
  content: string;
  trackOpens: boolean;
  trackClicks: boolean;
  scheduledAt: Date | null;
  /** Addresses, each once. */
  recipients: readonly string[];
  /** Per recipient, null for one that is tracked as its message; null in all where every one is. */
  tracking: readonly (number | null)[] | null;
  /** Per recipient its own; null in all where none has any. */
  recipientVariables: readonly (Variables | null)[] | null;
}

/** A message with the ids that were chosen for it; `first` is the id of its first email. */
export interface IdentifiedMessage extends NewMessage {
  id: string;
  first: Buffer;
}

/** The addresses that mail of one topic is not sent to. */
export type Blocked = ReadonlyMap<string, Block>;

export function countBlocked(addresses: readonly string[], blocked: Blocked, from = 0, to = addresses.length): number {
  if (blocked.size === 0) return 0;
  let count = 0;
  for (let index = from; index < to; index++) if (blocked.has(addresses[index])) count++;
  return count;
}

/** Chooses ids. A submission whose range was taken already is identified again. */
export function identify(message: NewMessage): IdentifiedMessage {
  return { id: newId(), first: allocateRange(), ...message };
}

@Injectable()
export class MessagesRepository {
  constructor(@InjectRepository(Message) private readonly messages: Repository<Message>) {}

  transaction<Result>(work: (transaction: EntityManager) => Promise<Result>): Promise<Result> {
    return this.messages.manager.transaction(work);
  }

  /**
   * Stores messages and moves the counters, in a transaction of its own. What is one statement's worth of emails goes in
   * one trip; of more the next are made only when PostgreSQL has taken the ones before, so that nobody else waits.
   */
  async commit(
    messages: readonly IdentifiedMessage[],
    blocked: BlockedByTopic,
    batchSize: number,
    counters: readonly EncodedStatement[],
  ): Promise<void> {
    const insertions = this.insertions(messages, blocked, batchSize);
    const count = messages.reduce((sum, { recipients }) => sum + recipients.length, 0);
    if (count <= EMAILS_PER_STATEMENT) {
      crashPoint('ingest.store');
      await runTogether(this.messages.manager, [...insertions, ...counters]);
      return;
    }
    await this.transaction(async (transaction) => {
      await runAll(transaction, insertions);
      await runAll(transaction, counters);
      crashPoint('ingest.store');
    });
  }

  /** Stores messages, their batches and emails, the blocked ones as suppressed; the counters are the caller's. */
  *insertions(
    messages: readonly IdentifiedMessage[],
    blocked: BlockedByTopic,
    batchSize: number,
  ): Generator<EncodedStatement> {
    yield insertionOf(messages);
    yield this.batchInsertion(messages, blocked, batchSize);
    yield* this.emailInsertions(messages, blocked);
  }

  findAll(ids: readonly string[]): Promise<Message[]> {
    return this.messages.findBy({ id: In(ids) });
  }

  /** Null also for one whose emails are being removed. */
  find(id: string): Promise<Message | null> {
    return this.messages
      .createQueryBuilder('message')
      .comment('messages.find')
      .where('message.id = :id', { id })
      .andWhere(notSealed('message.firstEmailId'))
      .getOne();
  }

  /** How many of a message's emails are in each state, in one statement. */
  async countStates(message: Message): Promise<Map<State, number>> {
    const first = parseId(message.firstEmailId);
    const rows = await rowsOf<{ state: number; count: number }>(this.messages.manager, COUNT_STATES, [
      message.firstEmailId,
      formatId(idAt(first, message.count - 1)),
    ]);
    return new Map(rows.map(({ state, count }) => [stateOf(state), count]));
  }

  private batchInsertion(
    messages: readonly IdentifiedMessage[],
    blocked: BlockedByTopic,
    batchSize: number,
  ): EncodedStatement {
    const batches = messages.flatMap((message) => {
      const ofTopic = blocked.of(message.topicId);
      const count = message.recipients.length;
      return Array.from({ length: Math.ceil(count / batchSize) }, (_, step) => {
        const from = step * batchSize;
        const end = Math.min(from + batchSize, count);
        const size = end - from - countBlocked(message.recipients, ofTopic, from, end);
        return { message, step, size, id: idAt(message.first, from), lastId: idAt(message.first, end - 1) };
      });
    });
    const parameters = [
      uuidArray(batches.map((batch) => batch.id)),
      uuidArray(batches.map((batch) => batch.lastId)),
      uuidArray(batches.map((batch) => parseId(batch.message.id))),
      textArray(batches.map((batch) => batch.message.topicId)),
      smallintArray(batches.map((batch) => (batch.message.recipients.length === 1 ? 0 : 1))),
      integerArray(batches.map((batch) => batch.size)),
      timestamptzArray(batches.map((batch) => batch.message.scheduledAt)),
      integerArray(batches.map((batch) => batch.step)),
      timestamptzArray(batches.map((batch) => batch.message.expiresAt)),
    ];
    return { text: INSERT_BATCHES, parameters };
  }

  private *emailInsertions(
    messages: readonly IdentifiedMessage[],
    blocked: BlockedByTopic,
  ): Generator<EncodedStatement> {
    let rows = new EmailRows();
    for (const message of messages) {
      addRows(rows, message, blocked.of(message.topicId));
      if (rows.size + 1_000 > EMAILS_PER_STATEMENT) {
        yield* rows.statements();
        rows = new EmailRows();
      }
    }
    yield* rows.statements();
  }
}

function addRows(
  rows: EmailRows,
  { first, recipients, tracking, recipientVariables }: IdentifiedMessage,
  blocked: Blocked,
): void {
  for (let index = 0; index < recipients.length; index++) {
    const address = recipients[index];
    const block = blocked.size === 0 ? undefined : blocked.get(address);
    const own = { tracking: tracking?.[index] ?? null, variables: recipientVariables?.[index] ?? null };
    if (block !== undefined) rows.addSuppressed(first, index, address, block);
    else if (own.tracking !== null || own.variables !== null) rows.addPersonal(first, index, address, own);
    else rows.add(first, index, address);
  }
}

function insertionOf(messages: readonly IdentifiedMessage[]): EncodedStatement {
  const columns = [
    uuidArray(messages.map((message) => parseId(message.id))),
    textArray(messages.map((message) => message.topicId)),
    textArray(messages.map((message) => message.subject)),
    textArray(messages.map((message) => message.content)),
    uuidArray(messages.map((message) => message.first)),
    integerArray(messages.map((message) => message.recipients.length)),
    booleanArray(messages.map((message) => message.trackOpens)),
    textArray(messages.map((message) => message.apiKey)),
    timestamptzArray(messages.map((message) => message.scheduledAt)),
    booleanArray(messages.map((message) => message.trackClicks)),
  ];
  if (!messages.some(hasExtras)) return { text: INSERT_MESSAGES, parameters: columns };
  const extras = [
    textArray(messages.map((message) => message.text)),
    textArray(messages.map((message) => message.fromEmail)),
    textArray(messages.map((message) => message.replyTo)),
    jsonbArray(messages.map(({ headers }) => headers && JSON.stringify(headers))),
    jsonbArray(messages.map(({ tags }) => tags && JSON.stringify(tags))),
    jsonbArray(messages.map(({ variables }) => variables && JSON.stringify(variables))),
    booleanArray(messages.map((message) => message.unsubscribe)),
    timestamptzArray(messages.map((message) => message.expiresAt)),
  ];
  return { text: INSERT_MESSAGES_WITH_EXTRAS, parameters: [...columns, ...extras] };
}

function hasExtras(message: MessageExtras): boolean {
  const { text, fromEmail, replyTo, headers, tags, variables, unsubscribe, expiresAt } = message;
  return unsubscribe || [text, fromEmail, replyTo, headers, tags, variables, expiresAt].some((extra) => extra !== null);
}
