import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { eventsConfig, type EventsConfig } from '../config/events.config.js';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { bitOf, EVENT_TYPES, HUMAN_OPEN_BIT, raisedState } from '../contracts/event-types.js';
import { WriteBatcher } from '../database/write-batcher.js';
import { columnOf } from '../ledger/columns.js';
import { LedgerService, type Move, type Tally } from '../ledger/ledger.service.js';
import type { SuppressionReason } from '../suppressions/suppression.entity.js';
import { type NewSuppression, SuppressionsRepository } from '../suppressions/suppressions.repository.js';
import { type EmailEvent, eventId } from './email-event.js';
import { judged } from './fetch-verdict.js';
import { type EmailUnderEvents, EventsRepository, type Raise } from './events.repository.js';

/**
 * `recorded` also for what was known before; `unknown`: no such email; `busy`: a dispatcher holds it at this moment;
 * `too_soon`: a fetch (email-event.ts) that seemed a person's is recorded as a machine's.
 */
export type Recorded = 'recorded' | 'unknown' | 'busy' | 'too_soon';

/** Some hundred events are one statement's worth; what waits beyond 20,000 is refused with 503. */
const LIMITS = { maxItems: 500, maxQueued: 20_000 };

/** What the events of one transaction do to one email. */
interface Change {
  email: EmailUnderEvents;
  events: EmailEvent[];
  bits: number;
  /** Those of the bits that may raise the state. */
  raising: number;
}

/**
 * The one door for every fact about an email. One transaction stores the events, raises the emails' states, suppresses
 * where an event says so, and moves the counters. Facts are idempotent and commute: an event's key is a hash of what
 * happened, a type counts once per email, and states only rise (contracts/event-types.ts).
 */
@Injectable()
export class EventsService {
  private readonly batcher = new WriteBatcher<EmailEvent, Recorded>((events) => this.write(events), LIMITS);

  constructor(
    @Inject(eventsConfig.KEY) private readonly config: EventsConfig,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    private readonly events: EventsRepository,
    private readonly suppressions: SuppressionsRepository,
    private readonly ledger: LedgerService,
  ) {}

  /** Resolves after the commit of the event. */
  record(event: EmailEvent): Promise<Recorded> {
    return this.batcher.write(event);
  }

  drain(): Promise<void> {
    return this.batcher.drain();
  }

  private write(reported: readonly EmailEvent[]): Promise<Recorded[]> {
    return this.events.transaction(async (transaction) => {
      const emails = await this.events.hold(transaction, [...new Set(reported.map(({ emailId }) => emailId))]);
      const events = reported.map((event) => judged(event, emails.get(event.emailId)));
      const changes = changesOf(events, emails, this.nats.externalSender);
      const blocked = await this.blocked(transaction, changes);
      const possible = changes.filter(({ email }) => !blocked.has(email.id));
      const facts = possible.flatMap((change) => change.events);
      if (facts.length > 0) await this.apply(transaction, possible, facts);
      return events.map(({ emailId, isMachine }, index) => {
        if (!emails.has(emailId)) return 'unknown';
        if (blocked.has(emailId)) return 'busy';
        return isMachine === reported[index].isMachine ? 'recorded' : 'too_soon';
      });
    });
  }

  /** Emails that would have to leave a batch that a dispatcher holds. */
  private async blocked(transaction: EntityManager, changes: readonly Change[]): Promise<Set<string>> {
    const leaving = changes.filter(
      ({ email, raising }) =>
        email.isAsBatch && email.state === 'pending' && raisedState(email.state, raising) !== 'pending',
    );
    const free = await this.events.holdBatches(transaction, [...new Set(leaving.map(({ email }) => email.batchId))]);
    return new Set(leaving.filter(({ email }) => !free.has(email.batchId)).map(({ email }) => email.id));
  }

  private async apply(transaction: EntityManager, changes: readonly Change[], facts: readonly EmailEvent[]) {
    const fresh = await this.events.insert(transaction, facts);
    const raises = changes.map(raiseOf);
    await this.events.raise(
      transaction,
      raises.filter(({ email, state, events }) => state !== null || events !== email.events),
    );
    await this.suppress(
      transaction,
      changes,
      facts.filter((event) => fresh.has(eventId(event))),
    );
    await this.ledger.move(transaction, raises.flatMap(movesOf), raises.flatMap(talliesOf));
  }

  /** The address of the email and of the event, only where they are the same: neither alone is to be believed. */
  private async suppress(transaction: EntityManager, changes: readonly Change[], fresh: readonly EmailEvent[]) {
    const emails = new Map(changes.map(({ email }) => [email.id, email]));
    const concerned = fresh.flatMap((event) => {
      const address = emails.get(event.emailId)!.address.toLowerCase();
      return event.recipients.some((recipient) => recipient.toLowerCase() === address) ? [{ event, address }] : [];
    });
    const having = (wanted: (event: EmailEvent) => boolean) => concerned.filter(({ event }) => wanted(event));
    const delivered = having(({ type }) => type === 'Delivery').map(({ address }) => address);
    await this.suppressions.clearSoftBounces(transaction, delivered);
    const worn = await this.suppressions.countSoftBounces(
      transaction,
      having(({ bounce }) => bounce === 'transient').map(({ address }) => address),
      this.config.softBounceLimit,
    );
    const suppressed = concerned.flatMap(({ event, address }): NewSuppression[] => {
      const reason = suppressionOf(event, worn.includes(address));
      return reason === null ? [] : [{ address, reason, source: event.emailId }];
    });
    await this.suppressions.suppress(suppressed, transaction);
  }
}

function suppressionOf({ type, bounce }: EmailEvent, isWorn: boolean): SuppressionReason | null {
  if (type === 'Complaint') return 'complaint';
  if (bounce === 'permanent') return 'bounce';
  return bounce === 'transient' && isWorn ? 'soft_bounces' : null;
}

function changesOf(
  events: readonly EmailEvent[],
  emails: ReadonlyMap<string, EmailUnderEvents>,
  hasExternalSender: boolean,
): Change[] {
  const changes = new Map<string, Change>();
  for (const event of events) {
    const email = emails.get(event.emailId);
    if (!email) continue;
    // Of a stored open nobody knows whether it was forgeable; if not, it has raised the state already.
    const change = changes.get(email.id) ?? {
      email,
      events: [],
      bits: email.events,
      raising: email.events & ~bitOf('Open'),
    };
    changes.set(email.id, change);
    change.events.push(event);
    change.bits |= bitOf(event.type);
    if (mayRaise(event, email, hasExternalSender)) change.raising |= bitOf(event.type);
    if (event.type === 'Open' && event.isMachine === false) change.bits |= HUMAN_OPEN_BIT;
  }
  return [...changes.values()];
}

/** An external sender never asks us before it sends: there it keeps nothing from being sent, and is all that we hear. */
function mayRaise({ fetched }: EmailEvent, { state }: EmailUnderEvents, hasExternalSender: boolean): boolean {
  return !fetched?.isForgeable || (hasExternalSender && state === 'dispatched');
}

function raiseOf({ email, events, bits, raising }: Change): Raise {
  const state = raisedState(email.state, raising);
  const sentAt = new Date(Math.min(...events.map(({ occurredAt }) => occurredAt.getTime())));
  return {
    email,
    state: state === email.state ? null : state,
    events: bits,
    sentAt,
    reason: events.find(({ reason }) => reason !== null)?.reason ?? null,
    providerMessageId: events.find(({ providerMessageId }) => providerMessageId !== null)?.providerMessageId ?? null,
  };
}

function movesOf({ email, state }: Raise): Move[] {
  return state === null ? [] : [{ topicId: email.topicId, from: email.state, to: state, count: 1 }];
}

/** What the email has for the first time. */
function talliesOf({ email: { topicId, events: before, isTracked }, events: after }: Raise): Tally[] {
  const gained = after & ~before;
  const tallies = EVENT_TYPES.filter((type) => gained & bitOf(type)).map((type): Tally => ({
    topicId,
    what: columnOf(type),
    count: 1,
  }));
  if (gained & HUMAN_OPEN_BIT) tallies.push({ topicId, what: 'human_open', count: 1 });
  if (gained & bitOf('Delivery') && isTracked) tallies.push({ topicId, what: 'tracked_delivery', count: 1 });
  return tallies;
}
