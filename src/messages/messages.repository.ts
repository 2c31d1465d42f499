import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, Repository } from 'typeorm';
import type { Variables } from '../compose/variables.js';
import { allocateRange, formatId, idAt, newId, parseId } from '../contracts/ids.js';
import { type State, stateOf } from '../contracts/states.js';
import { uuidArray } from '../database/binary-array.js';
import { inPipeline } from '../database/pipeline.js';
import { rowsOf, runAll, type Statement } from '../database/statement.js';
import type { Block, BlockedByTopic } from '../suppressions/recipient-check.js';
import { EmailRows } from './email-rows.js';
import { Message } from './message.entity.js';
import { COUNT_STATES, INSERT_BATCHES, INSERT_MESSAGES, INSERT_MESSAGES_WITH_EXTRAS } from './messages.sql.js';

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
  return { ...message, id: newId(), first: allocateRange() };
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
    counters: readonly Statement[],
  ): Promise<void> {
    const insertions = this.insertions(messages, blocked, batchSize);
    const count = messages.reduce((sum, { recipients }) => sum + recipients.length, 0);
    if (count <= EMAILS_PER_STATEMENT) {
      // All made before the first is sent: what fails while it is made leaves nothing half written.
      const statements = [...insertions, ...counters];
      await inPipeline(this.messages.manager, (pipeline) => pipeline.send(...statements));
      return;
    }
    await this.transaction(async (transaction) => {
      await runAll(transaction, insertions);
      await runAll(transaction, counters);
    });
  }

  /** Stores messages, their batches and emails, the blocked ones as suppressed; the counters are the caller's. */
  *insertions(
    messages: readonly IdentifiedMessage[],
    blocked: BlockedByTopic,
    batchSize: number,
  ): Generator<Statement> {
    yield insertionOf(messages);
    yield this.batchInsertion(messages, blocked, batchSize);
    yield* this.emailInsertions(messages, blocked);
  }

  findAll(ids: readonly string[]): Promise<Message[]> {
    return this.messages.findBy({ id: In(ids) });
  }

  find(id: string): Promise<Message | null> {
    return this.messages.findOneBy({ id });
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
  ): Statement {
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
      batches.map((batch) => batch.message.id),
      batches.map((batch) => batch.message.topicId),
      batches.map((batch) => (batch.message.recipients.length === 1 ? 0 : 1)),
      batches.map((batch) => batch.size),
      batches.map((batch) => batch.message.scheduledAt),
      batches.map((batch) => batch.step),
      batches.map((batch) => batch.message.expiresAt),
    ];
    return { text: INSERT_BATCHES, parameters };
  }

  private *emailInsertions(messages: readonly IdentifiedMessage[], blocked: BlockedByTopic): Generator<Statement> {
    let rows = new EmailRows();
    for (const { first, topicId, recipients, tracking, recipientVariables } of messages) {
      const ofTopic = blocked.of(topicId);
      for (const [index, address] of recipients.entries()) {
        const id = idAt(first, index);
        const block = ofTopic.size === 0 ? undefined : ofTopic.get(address);
        if (block !== undefined) rows.addSuppressed(id, address, block);
        else rows.add(id, address, tracking?.[index] ?? null, recipientVariables?.[index] ?? null);
      }
      if (rows.size + 1_000 > EMAILS_PER_STATEMENT) {
        yield* rows.statements();
        rows = new EmailRows();
      }
    }
    yield* rows.statements();
  }
}

function insertionOf(messages: readonly IdentifiedMessage[]): Statement {
  const columns: unknown[] = [
    messages.map((message) => message.id),
    messages.map((message) => message.topicId),
    messages.map((message) => message.subject),
    messages.map((message) => message.content),
    uuidArray(messages.map((message) => message.first)),
    messages.map((message) => message.recipients.length),
    messages.map((message) => message.trackOpens),
    messages.map((message) => message.apiKey),
    messages.map((message) => message.scheduledAt),
    messages.map((message) => message.trackClicks),
  ];
  if (!messages.some(hasExtras)) return { text: INSERT_MESSAGES, parameters: columns };
  const extras: unknown[] = [
    messages.map((message) => message.text),
    messages.map((message) => message.fromEmail),
    messages.map((message) => message.replyTo),
    messages.map(({ headers }) => headers && JSON.stringify(headers)),
    messages.map(({ tags }) => tags && JSON.stringify(tags)),
    messages.map(({ variables }) => variables && JSON.stringify(variables)),
    messages.map((message) => message.unsubscribe),
    messages.map((message) => message.expiresAt),
  ];
  return { text: INSERT_MESSAGES_WITH_EXTRAS, parameters: [...columns, ...extras] };
}

function hasExtras(message: MessageExtras): boolean {
  const { text, fromEmail, replyTo, headers, tags, variables, unsubscribe, expiresAt } = message;
  return unsubscribe || [text, fromEmail, replyTo, headers, tags, variables, expiresAt].some((extra) => extra !== null);
}
