import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { CODE, type State, stateOf } from '../contracts/states.js';
import { inPipeline } from '../database/pipeline.js';
import { textArray } from '../database/binary-array.js';
import { idList } from '../database/id-list.js';
import { rowsOf, runAll, type Statement } from '../database/statement.js';
import { LedgerService, type Move } from '../ledger/ledger.service.js';
import { crashPoint } from '../runtime/crash-point.js';
import { blockText } from '../suppressions/recipient-check.js';
import { BatchesRepository, type Regrouping } from './batches.repository.js';
import { Email } from './email.entity.js';
import {
  BEGIN_SENDING,
  DROP_CLAIMS_AND_LOCK_EMAILS,
  GIVE_ATTEMPT_BACK,
  LOCK_EMAILS,
  MARK_NOT_SENT,
  MARK_SENT,
  REFUSE_TO_SEND,
  STORE_PROVIDER_IDS,
} from './emails.sql.js';
import { HoldsRepository } from './holds.repository.js';
import { type ClaimedEmail, STATE_OF_VERDICT } from './judging.js';
import { type JudgedEmail, JudgingRepository } from './judging.repository.js';
import { FIND_EMAIL } from './messages.sql.js';
import { EXPIRE_CLAIMS, FIND_IN_DOUBT, RENEW_CLAIMS } from './sender-claims.sql.js';

export type Result =
  | { state: 'sent'; providerMessageId: string }
  | { state: 'failed' | 'uncertain'; reason: string }
  | { state: 'pending'; reason: string; delayMs: number; isAttempt: boolean };

export interface Outcome {
  id: string;
  attempt: number;
  batchId: string;
  topicId: string;
  result: Result;
}

/** The claim of no emails that a living sender renews. */
export interface Presence {
  readonly id: string;
  readonly sender: string;
}

export interface EmailDetail {
  id: string;
  /** Null once its person was erased. */
  address: string | null;
  state: State;
  reason: string | null;
  attempts: number;
  providerMessageId: string | null;
  messageId: string;
  topicId: string;
  /** Null once the message's content was removed. */
  subject: string | null;
  scheduledAt: Date | null;
  createdAt: Date;
  dispatchedAt: Date | null;
  sentAt: Date | null;
}

/** The stream has handed over what is held: it shall take it again as a later generation. */
const HELD = { delayMs: null, generationStep: 1, attempts: 0, error: null } as const;

type LockedEmail = Pick<Email, 'id' | 'state' | 'attempts'> & { batch_id: string | null };

/** A row of `EMAIL_COLUMNS`. */
export interface EmailRow {
  id: string;
  address: string;
  state: number;
  reason: string | null;
  attempts: number;
  provider_message_id: string | null;
  message_id: string;
  topic_id: string;
  subject: string;
  scheduled_at: Date | null;
  created_at: Date;
  dispatched_at: Date | null;
  sent_at: Date | null;
}

export function emailDetailOf(row: EmailRow): EmailDetail {
  return {
    id: row.id,
    address: row.address || null,
    state: stateOf(row.state),
    reason: row.reason,
    attempts: row.attempts,
    providerMessageId: row.provider_message_id,
    messageId: row.message_id,
    topicId: row.topic_id,
    subject: row.subject || null,
    scheduledAt: row.scheduled_at,
    createdAt: row.created_at,
    dispatchedAt: row.dispatched_at,
    sentAt: row.sent_at,
  };
}

@Injectable()
export class EmailsRepository {
  constructor(
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly batches: BatchesRepository,
    private readonly holds: HoldsRepository,
    private readonly judging: JudgingRepository,
    private readonly ledger: LedgerService,
  ) {}

  async find(id: string): Promise<EmailDetail | null> {
    const [row] = await rowsOf<EmailRow>(this.emails.manager, FIND_EMAIL, [id]);
    return row ? emailDetailOf(row) : null;
  }

  /** Claims what a sender may send of `wanted`; answers for every id, in any order. */
  claimForSending(
    wanted: readonly { id: string; generation: number }[],
    claimId: string,
    sender: string,
    leaseSeconds: number,
  ): Promise<ClaimedEmail[]> {
    return inPipeline(this.emails.manager, async (pipeline) => {
      const { manager: transaction } = pipeline;
      const judged = await this.judging.lock(transaction, wanted);
      const ids = judged.filter(({ verdict }) => verdict === 'send').map(({ id }) => id);
      if (ids.length > 0) {
        pipeline.send({ text: BEGIN_SENDING, parameters: [idList(ids), claimId, sender, leaseSeconds] });
      }
      await this.refuse(transaction, judged);
      await this.holdPaused(transaction, judged);
      const moves: Move[] = [];
      for (const { verdict, topicId } of judged) {
        const to = STATE_OF_VERDICT[verdict];
        if (to !== undefined) moves.push({ topicId, from: 'dispatched', to, count: 1 });
      }
      pipeline.send(...this.ledger.statements(moves));
      crashPoint('sender.judge');
      return judged;
    });
  }

  /**
   * Records what became of claimed emails and drops the claims that are finished, in one transaction. An outcome
   * whose email has moved on meanwhile (its claim expired and was swept) changes nothing, except that a late `sent`
   * or `failed` settles what the sweep could only call uncertain. Returns the ids that were recorded.
   */
  record(outcomes: readonly Outcome[], finishedClaims: readonly string[]): Promise<Set<string>> {
    return inPipeline(this.emails.manager, async (pipeline) => {
      const { manager: transaction } = pipeline;
      const current = await this.dropAndLock(transaction, finishedClaims, outcomes);
      const valid: Outcome[] = [];
      const moves: Move[] = [];
      for (const outcome of outcomes) {
        const from = stateBefore(outcome, current.get(outcome.id));
        if (from === null) continue;
        valid.push(outcome);
        moves.push({ topicId: outcome.topicId, from, to: outcome.result.state, count: 1 });
      }
      pipeline.send(...outcomesOf(valid));
      await this.putBack(transaction, valid);
      if (valid.length < outcomes.length) {
        const recorded = new Set(valid.map(({ id }) => id));
        await this.storeProviderIds(
          transaction,
          outcomes.filter(({ id }) => !recorded.has(id)),
        );
      }
      pipeline.send(...this.ledger.statements(moves));
      crashPoint('sender.outcome');
      return new Set(valid.map(({ id }) => id));
    });
  }

  /** Writes also when no claim is open, so that it succeeds only while claims can be renewed. */
  async renewClaims(presence: Presence, claimIds: readonly string[], leaseSeconds: number): Promise<void> {
    await this.emails.manager.query(RENEW_CLAIMS, [claimIds, leaseSeconds, presence.id, presence.sender]);
  }

  /**
   * Sweeps the claims of senders that died: what is still sending is either sent or not, and nobody here knows.
   * `decide` says what becomes of an email after so many attempts. Returns how many emails that were.
   */
  sweepExpiredClaims(decide: (attempts: number) => Result): Promise<number> {
    return this.emails.manager.transaction(async (transaction) => {
      const expired = await rowsOf<{ id: string }>(transaction, EXPIRE_CLAIMS, []);
      if (expired.length === 0) return 0;
      const ids = expired.map(({ id }) => id);
      await transaction.query(LOCK_EMAILS, [ids]);
      const rows = await rowsOf<{ id: string; attempts: number; batch_id: string; topic_id: string }>(
        transaction,
        FIND_IN_DOUBT,
        [ids],
      );
      const outcomes = rows.map((row) => ({
        id: row.id,
        attempt: row.attempts,
        batchId: row.batch_id,
        topicId: row.topic_id,
        result: decide(row.attempts),
      }));
      await runAll(transaction, outcomesOf(outcomes));
      await this.putBack(transaction, outcomes);
      await this.ledger.move(
        transaction,
        outcomes.map(({ topicId, result }) => ({ topicId, from: 'sending', to: result.state, count: 1 })),
      );
      return outcomes.length;
    });
  }

  private async refuse(transaction: EntityManager, judged: readonly JudgedEmail[]): Promise<void> {
    const refused = judged.flatMap(({ id, verdict, block }) => {
      if (verdict === 'stop') return [{ id, state: CODE.stopped, reason: null }];
      if (verdict === 'expire') return [{ id, state: CODE.expired, reason: 'expired' }];
      if (verdict === 'suppress') return [{ id, state: CODE.suppressed, reason: block && blockText(block) }];
      return [];
    });
    if (refused.length === 0) return;
    await transaction.query(REFUSE_TO_SEND, [
      refused.map(({ id }) => id),
      refused.map(({ state }) => state),
      refused.map(({ reason }) => reason),
    ]);
  }

  /** Mail of paused topics goes back to the ledger; where the pause has ended since, it is asked for again. */
  private async holdPaused(transaction: EntityManager, claimed: readonly ClaimedEmail[]): Promise<void> {
    const wanted = claimed.filter(({ verdict }) => verdict === 'hold');
    if (wanted.length === 0) return;
    const paused = await this.holds.tryLockPaused(transaction, wanted);
    const groups = new Map<string, Regrouping>();
    for (const email of wanted) {
      if (!paused.has(email.topicId)) {
        email.verdict = 'not_settled';
        continue;
      }
      const group = groups.get(email.batchId);
      if (group) group.ids.push(email.id);
      else groups.set(email.batchId, { ...HELD, sourceId: email.batchId, ids: [email.id] });
    }
    await this.batches.regroup(transaction, [...groups.values()]);
  }

  private async dropAndLock(
    transaction: EntityManager,
    claims: readonly string[],
    outcomes: readonly Outcome[],
  ): Promise<Map<string, LockedEmail>> {
    const ids = outcomes.map(({ id }) => id);
    const rows = await rowsOf<LockedEmail>(transaction, DROP_CLAIMS_AND_LOCK_EMAILS, [idList(ids), idList(claims)]);
    return new Map(rows.map((email) => [email.id, email]));
  }

  private async storeProviderIds(transaction: EntityManager, outcomes: readonly Outcome[]): Promise<void> {
    const named = outcomes.flatMap(({ id, result }) =>
      result.state === 'sent' ? [{ id, providerMessageId: result.providerMessageId }] : [],
    );
    if (named.length === 0) return;
    await transaction.query(STORE_PROVIDER_IDS, [
      named.map(({ providerMessageId }) => providerMessageId),
      named.map(({ id }) => id),
    ]);
  }

  private async putBack(transaction: EntityManager, outcomes: readonly Outcome[]): Promise<void> {
    const groups = new Map<string, Regrouping>();
    const unattempted: string[] = [];
    for (const { id, batchId, result } of outcomes) {
      if (result.state !== 'pending') continue;
      if (!result.isAttempt) unattempted.push(id);
      const group = groups.get(batchId);
      if (group) {
        group.ids.push(id);
        group.delayMs = Math.max(group.delayMs ?? 0, result.delayMs);
      } else {
        const { delayMs, reason: error } = result;
        groups.set(batchId, { sourceId: batchId, ids: [id], delayMs, generationStep: 1, attempts: 0, error });
      }
    }
    await this.batches.regroup(transaction, [...groups.values()]);
    if (unattempted.length > 0) await transaction.query(GIVE_ATTEMPT_BACK, [unattempted]);
  }
}

/** The state that an outcome ends; null where the email has moved on, and the outcome changes nothing. */
function stateBefore({ attempt, batchId, result }: Outcome, email?: LockedEmail): 'sending' | 'uncertain' | null {
  if (!email || email.attempts !== attempt) return null;
  // Put back and claimed again meanwhile: the number of the attempt may be the same, if it was given back.
  if (email.batch_id !== null && email.batch_id !== batchId) return null;
  if (email.state === CODE.sending) return 'sending';
  const isSettled = result.state === 'sent' || result.state === 'failed';
  return email.state === CODE.uncertain && isSettled ? 'uncertain' : null;
}

/** What writes final outcomes; none where there are none. */
function outcomesOf(outcomes: readonly Outcome[]): Statement[] {
  const sent: { id: string; providerMessageId: string }[] = [];
  const notSent: { id: string; code: number; reason: string }[] = [];
  for (const { id, result } of outcomes) {
    if (result.state === 'sent') sent.push({ id, providerMessageId: result.providerMessageId });
    else if (result.state !== 'pending') notSent.push({ id, code: CODE[result.state], reason: result.reason });
  }
  const statements: Statement[] = [];
  if (sent.length > 0) {
    const providerIds = textArray(sent.map(({ providerMessageId }) => providerMessageId));
    statements.push({ text: MARK_SENT, parameters: [idList(sent.map(({ id }) => id)), providerIds] });
  }
  if (notSent.length > 0) {
    const [codes, reasons] = [notSent.map(({ code }) => code), notSent.map(({ reason }) => reason)];
    statements.push({ text: MARK_NOT_SENT, parameters: [idList(notSent.map(({ id }) => id)), codes, reasons] });
  }
  return statements;
}
