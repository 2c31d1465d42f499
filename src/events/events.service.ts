import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { eventsConfig, type EventsConfig } from '../config/events.config.js';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { bitOf, EVENT_TYPES, HUMAN_OPEN_BIT, raisedState } from '../contracts/event-types.js';
import type { State } from '../contracts/states.js';
import { EMPTY_TOPIC } from '../contracts/topic-id.js';
import type { Pipeline } from '../database/pipeline.js';
import { WriteBatcher } from '../database/write-batcher.js';
import { columnOf } from '../ledger/columns.js';
import { LedgerService, type Move, type Tally } from '../ledger/ledger.service.js';
import type { SuppressionReason } from '../suppressions/suppression.entity.js';
import { type NewSuppression, SuppressionsRepository } from '../suppressions/suppressions.repository.js';
import { BreakerService } from './breaker.service.js';
import { type EmailEvent, eventId } from './email-event.js';
import { EventChannelService } from './event-channel.service.js';
import { judged } from './fetch-verdict.js';
import type { EmailUnderEvents } from './email-under-events.js';
import { EventsRepository, type Raise } from './events.repository.js';

/**
 * `recorded` also for what was known before, or is of an erased person; `unknown`: no such email; `busy`: a dispatcher holds it at this moment;
 * `too_soon`: a fetch (email-event.ts) that seemed a person's is recorded as a machine's.
 */
export type Recorded = 'recorded' | 'unknown' | 'busy' | 'too_soon';

/** Some hundred events are one statement's worth; what waits beyond 20,000 is refused with 503. */
const LIMITS = { maxItems: 500, maxQueued: 20_000, lanes: 2 };

/** What is reported of one email within one transaction. */
interface Report {
  email: EmailUnderEvents;
  events: EmailEvent[];
}

/** What the breaker counts. */
const JUDGED_BITS = bitOf('Bounce') | bitOf('Complaint');

/** Types that say that the provider had the mail and passed it on. */
const SENT_TYPES: readonly string[] = ['Send', 'Delivery', 'Bounce', 'Complaint', 'Open', 'Click'];

/**
 * The one door for every fact about an email. One transaction stores the events, raises the emails' states, suppresses
 * where an event says so, and moves the counters. Facts are idempotent and commute: an event's key is a hash of what
 * happened, a type counts once per email, and states only rise (contracts/event-types.ts). Only an event that was not
 * stored before does anything: a repetition must not touch an email that has been put back meanwhile.
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
    private readonly channel: EventChannelService,
    private readonly breaker: BreakerService,
  ) {}

  /** Resolves after the commit of the event. */
  record(event: EmailEvent): Promise<Recorded> {
    return this.batcher.write(event);
  }

  drain(): Promise<void> {
    return this.batcher.drain();
  }

  private async write(reported: readonly EmailEvent[]): Promise<Recorded[]> {
    let applied: readonly Raise[] = [];
    const result = await this.events.transaction(async (pipeline) => {
      const { manager: transaction } = pipeline;
      const emails = await this.events.hold(transaction, [...new Set(reported.map(({ emailId }) => emailId))]);
      const events = reported.map((event) => judged(event, emails.get(event.emailId)));
      const reports = reportsOf(events, emails);
      const blocked = await this.blocked(transaction, reports);
      const possible = reports.filter(({ email }) => !blocked.has(email.id));
      if (possible.length > 0) applied = await this.apply(pipeline, possible);
      return events.map(({ emailId, isMachine }, index) => {
        if (!emails.has(emailId)) return 'unknown';
        if (blocked.has(emailId)) return 'busy';
        return isMachine === reported[index].isMachine ? 'recorded' : 'too_soon';
      });
    });
    for (const { sendReportedAt } of applied) if (sendReportedAt !== null) this.channel.raise(sendReportedAt);
    const suspects = applied.filter(({ email, events }) => (events & ~email.events & JUDGED_BITS) !== 0);
    if (suspects.length > 0) this.breaker.judge(suspects.map(({ email }) => email.topicId));
    return result;
  }

  /** Emails that would have to leave a batch that a dispatcher holds. */
  private async blocked(transaction: EntityManager, reports: readonly Report[]): Promise<Set<string>> {
    const leaving = reports.filter(
      (report) => report.email.isAsBatch && report.email.state === 'pending' && this.stateAfter(report) !== 'pending',
    );
    const epochs = new Map(leaving.map(({ email: { batchId, batchEpoch } }) => [batchId, batchEpoch]));
    const free = await this.events.holdBatches(transaction, epochs);
    return new Set(leaving.filter(({ email }) => !free.has(email.batchId)).map(({ email }) => email.id));
  }

  /**
   * An open that anybody could have made up raises nothing, or a guess at a neighbour's id would keep a pending mail
   * from being sent. An external sender never asks us before it sends: there it is all that we hear.
   */
  private stateAfter({ email, events }: Report): State {
    const trustsAll = this.nats.externalSender && email.state === 'dispatched';
    return raisedState(email.state, bitsOf(events.filter(({ fetched }) => trustsAll || !fetched?.isForgeable)));
  }

  /** Returns what was new. */
  private async apply(pipeline: Pipeline, reports: readonly Report[]): Promise<Raise[]> {
    const { manager: transaction } = pipeline;
    const facts = new Map(reports.flatMap(({ events }) => events).map((event) => [eventId(event), event]));
    const stored = await this.events.insert(transaction, facts);
    if (stored.size === 0) return [];
    const emails = new Map(reports.map(({ email }) => [email.id, email]));
    const fresh = [...facts].filter(([id]) => stored.has(id)).map(([, event]) => event);
    const raises = reportsOf(fresh, emails).map((report) => raiseOf(report, this.stateAfter(report)));
    await this.events.raise(pipeline, raises);
    await this.suppress(transaction, emails, fresh);
    pipeline.send(...this.ledger.statements(raises.flatMap(movesOf), raises.flatMap(talliesOf)));
    return raises;
  }

  /** The address of the email and of the event, only where they are the same: neither alone is to be believed. */
  private async suppress(
    transaction: EntityManager,
    emails: ReadonlyMap<string, EmailUnderEvents>,
    fresh: readonly EmailEvent[],
  ): Promise<void> {
    const concerned = fresh.flatMap((event) => {
      const address = emails.get(event.emailId)!.address.toLowerCase();
      return event.recipients.some((recipient) => recipient.toLowerCase() === address) ? [{ event, address }] : [];
    });
    const having = (wanted: (event: EmailEvent) => boolean) => concerned.filter(({ event }) => wanted(event));
    const ended = concerned.filter(
      ({ event }) => event.type === 'Delivery' && emails.get(event.emailId)!.hasSoftBounces,
    );
    const delivered = ended.map(({ address }) => address);
    await this.suppressions.clearSoftBounces(transaction, delivered);
    const worn = await this.suppressions.countSoftBounces(
      transaction,
      having(({ bounce }) => bounce === 'transient').map(({ address }) => address),
      this.config.softBounceLimit,
    );
    const suppressed = concerned.flatMap(({ event, address }): NewSuppression[] => {
      const reason = suppressionOf(event, worn.includes(address));
      return reason === null ? [] : [{ address, topicId: EMPTY_TOPIC, reason, source: event.emailId }];
    });
    await this.suppressions.suppress(suppressed, transaction);
  }
}

function suppressionOf({ type, bounce }: EmailEvent, isWorn: boolean): SuppressionReason | null {
  if (type === 'Complaint') return 'complaint';
  if (bounce === 'permanent') return 'bounce';
  return bounce === 'transient' && isWorn ? 'soft_bounces' : null;
}

function reportsOf(events: readonly EmailEvent[], emails: ReadonlyMap<string, EmailUnderEvents>): Report[] {
  const reports = new Map<string, Report>();
  for (const event of events) {
    const email = emails.get(event.emailId);
    if (!email || email.isErased) continue;
    const report = reports.get(email.id) ?? { email, events: [] };
    reports.set(email.id, report);
    report.events.push(event);
  }
  return [...reports.values()];
}

function bitsOf(events: readonly EmailEvent[]): number {
  return events.reduce((bits, { type, isMachine }) => {
    return bits | bitOf(type) | (type === 'Open' && isMachine === false ? HUMAN_OPEN_BIT : 0);
  }, 0);
}

/** The state's reason is that of an event that gives this state, so that it does not depend on what else came when. */
function raiseOf({ email, events }: Report, state: State): Raise {
  const decisive = events.filter(({ type }) => raisedState(email.state, bitOf(type)) === state);
  const sentTimes = events.filter(({ type }) => SENT_TYPES.includes(type)).map((event) => event.occurredAt.getTime());
  return {
    email,
    state: state === email.state ? null : state,
    events: email.events | bitsOf(events),
    sentAt: sentTimes.length === 0 ? null : new Date(Math.min(...sentTimes)),
    reason: decisive.find(({ reason }) => reason !== null)?.reason ?? null,
    providerMessageId: events.find(({ providerMessageId }) => providerMessageId !== null)?.providerMessageId ?? null,
    sendReportedAt: sendReportedAt(email, events),
  };
}

/** The earlier of claim and Send: the Send may be that of an earlier claim, come late. */
function sendReportedAt({ claimedAt }: EmailUnderEvents, events: readonly EmailEvent[]): Date | null {
  const send = events.find(({ type }) => type === 'Send');
  if (!send || claimedAt === null) return null;
  return send.occurredAt < claimedAt ? send.occurredAt : claimedAt;
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
