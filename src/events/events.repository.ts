import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { CODE, type State, stateOf } from '../contracts/states.js';
import { inPipeline, type Pipeline } from '../database/pipeline.js';
import { rowsOf } from '../database/statement.js';
import { BatchesRepository } from '../messages/batches.repository.js';
import type { EmailEvent } from './email-event.js';
import { Event } from './event.entity.js';
import { FIND_BY_PROVIDER_ID, INSERT, LOCK, RAISE, READ } from './events.sql.js';

/** An email as the events of one transaction find it and leave it. */
export interface EmailUnderEvents {
  id: string;
  address: string;
  topicId: string;
  batchId: string;
  batchEpoch: number;
  state: State;
  /** The state is the batch's: the email leaves the batch when it is raised. */
  isAsBatch: boolean;
  isTracked: boolean;
  /** When it was sent, or else published; null before. */
  outAt: Date | null;
  /** When a sender claimed it last. */
  claimedAt: Date | null;
  /** Bits of contracts/event-types.ts. */
  events: number;
  /** Its address has transient bounces in a row, which a delivery ends. */
  hasSoftBounces: boolean;
}

interface EmailRow {
  id: string;
  address: string;
  own_state: number | null;
  events: number;
  batch_id: string;
  batch_state: number;
  batch_epoch: number;
  topic_id: string;
  has_moved: boolean | null;
  is_tracked: boolean;
  out_at: Date | null;
  claimed_at: Date | null;
  has_soft_bounces: boolean;
}

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

  /** Locks emails; those that do not exist are missing from the map. */
  async hold(transaction: EntityManager, ids: readonly string[]): Promise<Map<string, EmailUnderEvents>> {
    const locked = await rowsOf<EmailRow>(transaction, LOCK, [ids]);
    // Whoever held an email meanwhile may have moved it, and a pending batch changes; any other is final.
    const isStale = locked.some(
      ({ has_moved, own_state, batch_state }) =>
        has_moved === true || (own_state === null && batch_state === CODE.pending),
    );
    const rows = isStale || locked.length < ids.length ? await rowsOf<EmailRow>(transaction, READ, [ids]) : locked;
    return new Map(
      rows.map((row) => [
        row.id,
        {
          id: row.id,
          address: row.address,
          topicId: row.topic_id,
          batchId: row.batch_id,
          batchEpoch: row.batch_epoch,
          state: stateOf(row.own_state ?? row.batch_state),
          isAsBatch: row.own_state === null,
          isTracked: row.is_tracked,
          outAt: row.out_at,
          claimedAt: row.claimed_at,
          events: row.events,
          hasSoftBounces: row.has_soft_bounces,
        },
      ]),
    );
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
    const parameters = [
      raises.map(({ email }) => email.id),
      raises.map(({ state }) => (state === null ? null : CODE[state])),
      raises.map(({ events }) => events),
      raises.map(({ sentAt }) => sentAt),
      raises.map(({ reason }) => reason),
      raises.map(({ providerMessageId }) => providerMessageId),
    ];
    pipeline.send({ text: RAISE, parameters });
  }
}
