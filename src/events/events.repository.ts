import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rangesOf } from '../contracts/ids.js';
import { CODE, type State } from '../contracts/states.js';
import { inPipeline, type Pipeline } from '../database/pipeline.js';
import { rowsOf } from '../database/statement.js';
import { BatchesInOrder } from '../messages/batches-in-order.js';
import { BatchesRepository } from '../messages/batches.repository.js';
import type { EmailEvent } from './email-event.js';
import { type BatchRow, type EmailRow, type EmailUnderEvents, underEvents } from './email-under-events.js';
import { Event } from './event.entity.js';
import { BATCHES_BY_ID, BATCHES_OF_RANGES, FIND_BY_PROVIDER_ID, INSERT, LOCK, RAISE } from './events.sql.js';

export interface Raise {
  email: EmailUnderEvents;
  /** Null when the state stays. */
  state: State | null;
  events: number;
  /** The earliest moment that an event names for its sending, if any does. */
  sentAt: Date | null;
  reason: string | null;
  providerMessageId: string | null;
  /** A Send of a mail that was claimed at this moment has arrived, and happened no earlier; null without one. */
  sendReportedAt: Date | null;
}

@Injectable()
export class EventsRepository {
  constructor(
    @InjectRepository(Event) private readonly events: Repository<Event>,
    private readonly batches: BatchesRepository,
  ) {}

  transaction<Result>(work: (pipeline: Pipeline) => Promise<Result>): Promise<Result> {
    return inPipeline(this.events.manager, work);
  }

  /** An email's events in the order in which they happened. */
  timeline(emailId: string): Promise<Event[]> {
    return this.events.find({ where: { emailId }, order: { occurredAt: 'ASC', id: 'ASC' } });
  }

  async emailIdsOf(providerMessageIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await rowsOf<{ provider_message_id: string; email_id: string }>(
      this.events.manager,
      FIND_BY_PROVIDER_ID,
      [providerMessageIds],
    );
    return new Map(rows.map((row) => [row.provider_message_id, row.email_id]));
  }

  /**
   * Locks emails; those that do not exist are missing from the map. Sent behind the lock, the batches are read once it is
   * had: whoever held an email meanwhile may have moved it to another.
   */
  async hold(transaction: EntityManager, ids: readonly string[]): Promise<Map<string, EmailUnderEvents>> {
    const sorted = ids.toSorted();
    const { firsts, lasts } = rangesOf(sorted);
    const [emails, ranged] = await Promise.all([
      rowsOf<EmailRow>(transaction, LOCK, [sorted, sorted[0], sorted.at(-1)]),
      rowsOf<BatchRow>(transaction, BATCHES_OF_RANGES, [firsts, lasts]),
    ]);
    const moved = new Set(emails.flatMap(({ batch_id }) => batch_id ?? []));
    const named = moved.size === 0 ? [] : await rowsOf<BatchRow>(transaction, BATCHES_BY_ID, [[...moved]]);
    return underEvents(emails, new BatchesInOrder(ranged, named));
  }

  /** Those of the pending batches that may be changed now: no dispatcher holds them. */
  holdBatches(transaction: EntityManager, epochs: ReadonlyMap<string, number>): Promise<Set<string>> {
    return this.batches.tryLock(transaction, epochs);
  }

  /** Stores events by their ids, once each. Returns the ids of those that are new. */
  async insert(transaction: EntityManager, eventsById: ReadonlyMap<string, EmailEvent>): Promise<Set<string>> {
    const events = [...eventsById.values()];
    const rows = await rowsOf<{ id: string }>(transaction, INSERT, [
      events.map(({ emailId }) => emailId),
      [...eventsById.keys()],
      events.map(({ type }) => type),
      events.map(({ occurredAt }) => occurredAt),
      events.map(({ isMachine }) => isMachine),
      events.map(({ detail }) => detail && JSON.stringify(detail)),
      events.map(({ raw }) => (raw === null ? null : JSON.stringify(raw))),
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  async raise(pipeline: Pipeline, raises: readonly Raise[]): Promise<void> {
    if (raises.length === 0) return;
    const leaving = new Map<string, number>();
    for (const { email, state } of raises) {
      if (state === null || !email.isAsBatch || email.state !== 'pending') continue;
      leaving.set(email.batchId, (leaving.get(email.batchId) ?? 0) + 1);
    }
    await this.batches.leave(pipeline.manager, leaving);
    const ids = raises.map(({ email }) => email.id);
    const bounds = ids.toSorted();
    const parameters = [
      ids,
      raises.map(({ state }) => (state === null ? null : CODE[state])),
      raises.map(({ events }) => events),
      raises.map(({ sentAt }) => sentAt),
      raises.map(({ reason }) => reason),
      raises.map(({ providerMessageId }) => providerMessageId),
      bounds[0],
      bounds.at(-1),
    ];
    pipeline.send({ text: RAISE, parameters });
  }
}
