import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { rangeTexts } from '../contracts/ids.js';
import { runAll } from '../database/statement.js';
import { WriteBatcher } from '../database/write-batcher.js';
import { LedgerService, type Move } from '../ledger/ledger.service.js';
import { crashPoint } from '../runtime/crash-point.js';
import { type BlockedByTopic, RecipientCheck } from '../suppressions/recipient-check.js';
import { DispatchNudge } from './dispatch-nudge.js';
import { isIdCollision, wasRefused } from './insert-faults.js';
import { IdempotencyRepository, type KeyUse } from './idempotency.repository.js';
import {
  countBlocked,
  type IdentifiedMessage,
  identify,
  type MessageExtras,
  MessagesRepository,
  type NewMessage,
} from './messages.repository.js';
import { deviatingTracking } from './recipient-tracking.js';
import { NO_RECIPIENT, type Recipients } from './recipients.js';

/** Above this many emails the answer leaves out their ids, unless it is asked for them. */
export const MAX_LISTED_IDS = 1_000;
/** A range that was taken already is a matter of one in 2⁶² per pair and millisecond; three in a row is a fault. */
const MAX_ID_ATTEMPTS = 3;

export interface SubmittedMessage extends MessageExtras {
  topicId: string;
  subject: string;
  content: string;
  scheduledAt: Date | null;
  /** Null: as TRACK_OPENS says. */
  trackOpens: boolean | null;
  /** Null: not. */
  trackClicks: boolean | null;
  recipients: Recipients;
}

export interface Submission {
  apiKey: string;
  messages: readonly SubmittedMessage[];
  /** `Prefer: return=representation`. */
  listsIds: boolean;
  idempotency: Omit<KeyUse, 'apiKey'> | undefined;
}

export interface SubmissionResult {
  /** The response body as JSON text: a replay is the same byte for byte. */
  body: string;
  isReplay: boolean;
}

/** A submission on its way into the ledger. */
interface Entry {
  submission: Submission;
  startedMs: number;
}

/** What an entry will have stored, and its answer. */
interface Acceptance {
  messages: readonly IdentifiedMessage[];
  body: string;
}

/** An address with what is stored beside it, in characters. */
const CHARACTERS_PER_EMAIL = 100;
/**
 * Small submissions share a commit, and so do those of some hundred to a thousand recipients, among themselves: nobody small
 * waits for them. What is larger has a commit of its own. By the characters of content and address; the weight bounds what a
 * flush sends at once.
 */
const MAX_SMALL_CHARACTERS = 50_000;
const MAX_BULK_CHARACTERS = 150_000;
const GROUPS = { maxItems: 500, maxWeight: 500_000, maxQueued: 5_000, lanes: 2 };

@Injectable()
export class MessagesService {
  private readonly small = new WriteBatcher<Entry, string | Error>((entries) => this.storeGroup(entries), GROUPS);
  private readonly bulk = new WriteBatcher<Entry, string | Error>((entries) => this.storeGroup(entries), GROUPS);

  constructor(
    private readonly messages: MessagesRepository,
    private readonly idempotency: IdempotencyRepository,
    private readonly recipients: RecipientCheck,
    private readonly ledger: LedgerService,
    private readonly nudge: DispatchNudge,
    @Inject(schedulerConfig.KEY) private readonly scheduler: SchedulerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {}

  /** Resolves after the COMMIT of the submission: of one with a key or much to store its own, else of a group's. */
  async submit(submission: Submission): Promise<SubmissionResult> {
    const entry = { submission, startedMs: performance.now() };
    if (submission.idempotency) return this.storeOnce(entry, { apiKey: submission.apiKey, ...submission.idempotency });
    const body = await this.storeBySize(entry, charactersOf(submission));
    if (body instanceof Error) throw body;
    return { body, isReplay: false };
  }

  private async storeBySize(entry: Entry, size: number): Promise<string | Error> {
    if (size > MAX_BULK_CHARACTERS) return (await this.store([entry]))[0];
    return size > MAX_SMALL_CHARACTERS ? this.bulk.write(entry, size) : this.small.write(entry, size);
  }

  /**
   * A flush of the batcher, which tries the members of one that throws one by one: only what PostgreSQL refused is
   * thrown. Where the connection was lost the COMMIT may have arrived, and another try would store everything twice:
   * that error is each member's answer.
   */
  private async storeGroup(entries: readonly Entry[]): Promise<(string | Error)[]> {
    try {
      return await this.store(entries);
    } catch (error) {
      if (wasRefused(error)) throw error;
      return entries.map(() => error as Error);
    }
  }

  /** Stores submissions in one transaction; returns their answers. */
  private async store(entries: readonly Entry[]): Promise<string[]> {
    const blocked = await this.blocked(entries);
    const accepted = await this.withFreshIds(async () => {
      const acceptances = entries.map((entry) => this.accept(entry, blocked));
      const messages = acceptances.flatMap((acceptance) => acceptance.messages);
      const counters = this.ledger.statements(movesOf(messages, blocked));
      await this.messages.commit(messages, blocked, this.scheduler.batchSize, counters);
      return acceptances;
    });
    this.stored();
    return accepted.map(({ body }) => body);
  }

  /** Stores a submission with its Idempotency-Key, in a transaction of its own, or finds the answer it had before. */
  private async storeOnce(entry: Entry, use: KeyUse): Promise<SubmissionResult> {
    const result = await this.withFreshIds(() =>
      this.messages.transaction(async (transaction): Promise<SubmissionResult> => {
        const stored = await this.idempotency.begin(transaction, use);
        if (stored !== null) return { body: stored, isReplay: true };
        const blocked = await this.blocked([entry], transaction);
        const { messages, body } = this.accept(entry, blocked);
        await runAll(transaction, this.messages.insertions(messages, blocked, this.scheduler.batchSize));
        await this.idempotency.store(transaction, use, body);
        await this.ledger.move(transaction, movesOf(messages, blocked));
        crashPoint('ingest.store');
        return { body, isReplay: false };
      }),
    );
    if (!result.isReplay) this.stored();
    return result;
  }

  private stored(): void {
    crashPoint('ingest.commit');
    this.nudge.nudge();
  }

  /** Ids are chosen anew where a range was taken already. */
  private async withFreshIds<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === MAX_ID_ATTEMPTS || !isIdCollision(error)) throw error;
      }
    }
  }

  private blocked(entries: readonly Entry[], transaction?: EntityManager): Promise<BlockedByTopic> {
    const mails = entries.flatMap(({ submission }) =>
      submission.messages.map(({ topicId, recipients }) => ({ topicId, addresses: recipients.addresses })),
    );
    return this.recipients.blocked(mails, transaction);
  }

  private accept({ submission, startedMs }: Entry, blocked: BlockedByTopic): Acceptance {
    const messages = submission.messages.map((message) => identify(this.newMessage(message, submission.apiKey)));
    return { messages, body: JSON.stringify(answer(submission, messages, blocked, performance.now() - startedMs)) };
  }

  /** Named one by one: V8 takes 9 µs to spread an object of this size and to add to it, and a tenth of one for this. */
  private newMessage(message: SubmittedMessage, apiKey: string): NewMessage {
    const { addresses, tracking: choices, variables: recipientVariables } = message.recipients;
    const trackOpens = message.trackOpens ?? this.tracking.trackOpens;
    const trackClicks = message.trackClicks ?? false;
    return {
      apiKey,
      topicId: message.topicId,
      subject: message.subject,
      content: message.content,
      text: message.text,
      fromEmail: message.fromEmail,
      replyTo: message.replyTo,
      headers: message.headers,
      tags: message.tags,
      variables: message.variables,
      unsubscribe: message.unsubscribe,
      scheduledAt: message.scheduledAt,
      expiresAt: message.expiresAt,
      trackOpens,
      trackClicks,
      recipients: addresses,
      tracking: deviatingTracking(choices, addresses.length, { trackOpens, trackClicks }),
      recipientVariables,
    };
  }
}

function charactersOf({ messages }: Submission): number {
  return messages.reduce(
    (sum, { content, text, recipients }) =>
      sum + content.length + (text?.length ?? 0) + recipients.addresses.length * CHARACTERS_PER_EMAIL,
    0,
  );
}

function movesOf(messages: readonly IdentifiedMessage[], blocked: BlockedByTopic): Move[] {
  return messages.flatMap(({ topicId, recipients }): Move[] => {
    const suppressed = countBlocked(recipients, blocked.of(topicId));
    return [
      { topicId, from: 'accepted', to: 'pending', count: recipients.length - suppressed },
      { topicId, from: 'accepted', to: 'suppressed', count: suppressed },
    ];
  });
}

function answer(
  { messages, listsIds }: Submission,
  stored: readonly IdentifiedMessage[],
  blocked: BlockedByTopic,
  elapsedMs: number,
) {
  const count = stored.reduce((sum, { recipients }) => sum + recipients.length, 0);
  const rejected = messages.flatMap(({ recipients }) => recipients.rejected);
  const isListed = count <= MAX_LISTED_IDS || listsIds;
  return {
    count,
    elapsed: `${elapsedMs.toFixed(1)}ms`,
    messages: stored.map(({ id, topicId, first, recipients }, index) => {
      const { duplicates, positions } = messages[index].recipients;
      const suppressed = countBlocked(recipients, blocked.of(topicId));
      const email_ids = isListed ? idsOf(first, positions) : undefined;
      return { id, count: recipients.length, duplicates, suppressed, email_ids };
    }),
    rejected: rejected.length > 0 ? rejected : undefined,
  };
}

function idsOf(first: Buffer, positions: Int32Array): (string | null)[] {
  const textOf = rangeTexts(first);
  const ids = new Array<string | null>(positions.length);
  for (let element = 0; element < positions.length; element++) {
    const position = positions[element];
    ids[element] = position === NO_RECIPIENT ? null : textOf(position);
  }
  return ids;
}
