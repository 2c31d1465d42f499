import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { formatId, idAt } from '../contracts/ids.js';
import { LedgerService, type Move } from '../ledger/ledger.service.js';
import { type BlockedByTopic, RecipientCheck } from '../suppressions/recipient-check.js';
import { isIdCollision } from './id-collision.js';
import { DispatchNudge } from './dispatch-nudge.js';
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

@Injectable()
export class MessagesService {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly idempotency: IdempotencyRepository,
    private readonly recipients: RecipientCheck,
    private readonly ledger: LedgerService,
    private readonly nudge: DispatchNudge,
    @Inject(schedulerConfig.KEY) private readonly scheduler: SchedulerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {}

  /** Stores a submission in one transaction; resolves after its COMMIT. */
  async submit(submission: Submission): Promise<SubmissionResult> {
    const startedMs = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.messages.transaction((transaction) => this.store(transaction, submission, startedMs));
        if (!result.isReplay) this.nudge.nudge();
        return result;
      } catch (error) {
        if (attempt === MAX_ID_ATTEMPTS || !isIdCollision(error)) throw error;
      }
    }
  }

  private async store(
    transaction: EntityManager,
    submission: Submission,
    startedMs: number,
  ): Promise<SubmissionResult> {
    const { apiKey, idempotency } = submission;
    if (idempotency) {
      const body = await this.idempotency.begin(transaction, { apiKey, ...idempotency });
      if (body !== null) return { body, isReplay: true };
    }
    const messages = submission.messages.map((message) => identify(this.newMessage(message)));
    const blocked = await this.recipients.blocked(
      messages.map(({ topicId, recipients }) => ({ topicId, addresses: recipients })),
      transaction,
    );
    await this.messages.insert(transaction, messages, blocked, apiKey, this.scheduler.batchSize);
    const body = JSON.stringify(answer(submission, messages, blocked, performance.now() - startedMs));
    if (idempotency) await this.idempotency.store(transaction, { apiKey, ...idempotency }, body);
    await this.ledger.move(
      transaction,
      messages.flatMap(({ topicId, recipients }): Move[] => {
        const suppressed = countBlocked(recipients, blocked.of(topicId));
        return [
          { topicId, from: 'accepted', to: 'pending', count: recipients.length - suppressed },
          { topicId, from: 'accepted', to: 'suppressed', count: suppressed },
        ];
      }),
    );
    return { body, isReplay: false };
  }

  private newMessage({ recipients, ...message }: SubmittedMessage): NewMessage {
    const trackOpens = message.trackOpens ?? this.tracking.trackOpens;
    const trackClicks = message.trackClicks ?? false;
    const tracking = deviatingTracking(recipients.tracking, recipients.addresses.length, { trackOpens, trackClicks });
    const { addresses, variables: recipientVariables } = recipients;
    return { ...message, trackOpens, trackClicks, recipients: addresses, tracking, recipientVariables };
  }
}

function answer(
  { messages, listsIds }: Submission,
  stored: readonly IdentifiedMessage[],
  blocked: BlockedByTopic,
  elapsedMs: number,
) {
  const count = stored.reduce((sum, { recipients }) => sum + recipients.length, 0);
  const rejected = messages.flatMap(({ recipients }) => recipients.rejected);
  return {
    count,
    elapsed: `${elapsedMs.toFixed(1)}ms`,
    messages: stored.map(({ id, topicId, first, recipients }, index) => {
      const { duplicates, positions } = messages[index].recipients;
      const suppressed = countBlocked(recipients, blocked.of(topicId));
      const summary = { id, count: recipients.length, duplicates, suppressed };
      if (count > MAX_LISTED_IDS && !listsIds) return summary;
      return { ...summary, email_ids: Array.from(positions, (position) => emailId(first, position)) };
    }),
    ...(rejected.length > 0 && { rejected }),
  };
}

function emailId(first: Buffer, position: number): string | null {
  return position === NO_RECIPIENT ? null : formatId(idAt(first, position));
}
