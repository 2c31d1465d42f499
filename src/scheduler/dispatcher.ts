import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { MessageTemplates } from '../compose/message-templates.js';
import { serializeReference } from '../compose/payload.js';
import { type PayloadTemplate, payloadTemplate } from '../compose/payload-template.js';
import type { LinkSettings } from '../compose/tracked-body.js';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { highWaterOf } from '../limits/high-water.js';
import { holdUpOf } from '../limits/hold-up.js';
import { HoldUpLog } from '../limits/hold-up-log.js';
import { LimitsRepository } from '../limits/limits.repository.js';
import { type Publication, Publisher, type PublishResult } from '../jetstream/publisher.js';
import {
  type BatchEmails,
  BatchesRepository,
  type Lane,
  type LeasedBatch,
  type Settlement,
} from '../messages/batches.repository.js';
import { HoldsRepository } from '../messages/holds.repository.js';
import type { Message } from '../messages/message.entity.js';
import { backoffMs } from '../runtime/backoff.js';
import { blockText, RecipientCheck } from '../suppressions/recipient-check.js';

/**
 * How long a batch is ours: above any lap whose publishes are acknowledged at a usual pace. A lap that takes longer
 * settles nothing, and its ids are published again.
 */
const LEASE_SECONDS = 30;
/** Batches per lap: single emails are many small rows, and so is bulk that was put back. */
const CLAIM_LIMIT: Readonly<Record<Lane, number>> = { 0: 256, 1: 64 };
/** Large batches per lap: four fill the publisher's window well. */
const BULK_BATCHES = 4;
const REPUBLISH_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** How often a stream that is full is looked at again. */
const FULL_RETRY_MS = 250;
/** Nothing at all may be dispatched: the quota is spent. */
const CLOSED_RETRY_MS = 1_000;
/** Less room than this part of the whole waits to become more: each lap cuts a batch in two. */
const LEAST_BULK_SHARE = 1 / 8;

const NO_EMAILS: BatchEmails = { ids: [], addresses: [], tracking: null, variables: null };

/** A leased batch with what is to be published of it, and what is not because nothing is sent to the address any more. */
interface Work {
  batch: LeasedBatch;
  emails: BatchEmails;
  suppressed: { id: string; reason: string }[];
}

/**
 * What a lap found: `more` may be due, nothing is `idle`, the stream is `full`, `closed` as long as the limits let
 * nothing into it, or publishing has `failed`.
 */
export type Lap = 'more' | 'idle' | 'full' | 'closed' | 'failed';

/**
 * One lap: claim due batches, compose, publish, settle.
 *
 * If we die after the claim, the lease ends and another process publishes the same ids of the same generation, which
 * the stream recognises within its duplicate window; after the publish, the same; during the settle, the transaction
 * is whole or nothing. A settle that comes after the lease was taken over changes nothing. So an email may be
 * published twice only if its lease and the duplicate window have both passed, and then the sender's claim stops it.
 */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger('Dispatcher');
  private readonly owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;

  constructor(
    private readonly batches: BatchesRepository,
    private readonly holds: HoldsRepository,
    private readonly recipients: RecipientCheck,
    private readonly publisher: Publisher,
    private readonly limits: LimitsRepository,
    private readonly holdUps: HoldUpLog,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    @Inject(schedulerConfig.KEY) private readonly scheduler: SchedulerConfig,
    @Inject(serverConfig.KEY) private readonly server: ServerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {}

  get isReady(): boolean {
    return this.publisher.isReady;
  }

  /** Calls back each time the stream becomes usable. */
  onReady(listener: () => void): void {
    this.publisher.onReady(listener);
  }

  async lap(): Promise<Lap> {
    const highWater = await this.highWater();
    if (highWater === 0) return 'closed';
    const room = await this.publisher.room(highWater);
    if (room === 0) return 'full';
    const singles = await this.claim(0, room);
    const bulkRoom = Math.min(room - sizeOf(singles), BULK_BATCHES * this.scheduler.batchSize);
    const isFull = bulkRoom < Math.min(highWater, this.scheduler.batchSize) * LEAST_BULK_SHARE;
    const bulk = isFull ? [] : await this.claim(1, bulkRoom);
    if (singles.length + bulk.length === 0) return isFull ? 'full' : 'idle';
    const wanted = [...(await this.wanted(singles)), ...(await this.fitting(await this.wanted(bulk), bulkRoom))];
    const settlements = await this.publish(wanted);
    const settled = await this.batches.settle(settlements);
    for (const { batch } of settlements) {
      if (!settled.has(batch.id)) this.logger.warn(`batch ${batch.id} was taken over before it was settled`);
    }
    return settlements.some(({ unacknowledged }) => unacknowledged.length > 0) ? 'failed' : 'more';
  }

  /** Milliseconds after which a next lap makes sense; null when nothing is pending. */
  async msUntilNextLap(last: Lap): Promise<number | null> {
    if (last === 'full') return FULL_RETRY_MS;
    if (last === 'closed') return CLOSED_RETRY_MS;
    return this.batches.msUntilNextClaim();
  }

  /** An external sender has limits of its own. */
  private async highWater(): Promise<number> {
    if (this.nats.externalSender) return this.nats.highWater;
    const status = await this.limits.status();
    const highWater = highWaterOf(status, this.nats.highWater);
    this.holdUps.observe(highWater === 0 ? holdUpOf(status) : null);
    return highWater;
  }

  /** Batches that the room began to hold: where the last of them overflows it, a part of that one. */
  private async fitting(batches: readonly LeasedBatch[], room: number): Promise<LeasedBatch[]> {
    const overflow = sizeOf(batches) - room;
    const last = batches.findLast(({ size }) => size > overflow);
    if (overflow <= 0 || last === undefined) return [...batches];
    const part = await this.batches.split(last, last.size - overflow);
    return batches.map((batch) => (batch === last ? part : batch));
  }

  /** Those of the batches that are to be published now; the others are stopped, expired or held here. */
  private async wanted(claimed: readonly LeasedBatch[]): Promise<LeasedBatch[]> {
    const wanted: LeasedBatch[] = [];
    const stopped: LeasedBatch[] = [];
    const expired: LeasedBatch[] = [];
    const paused: LeasedBatch[] = [];
    for (const batch of claimed) {
      const { isStopped, isExpired, isPaused } = batch;
      (isStopped ? stopped : isExpired ? expired : isPaused ? paused : wanted).push(batch);
    }
    if (stopped.length > 0) await this.batches.endLeased(stopped, 'stopped');
    if (expired.length > 0) await this.batches.endLeased(expired, 'expired');
    if (paused.length > 0) await this.holds.holdLeased(paused);
    return wanted;
  }

  private claim(lane: Lane, room: number): Promise<LeasedBatch[]> {
    return this.batches.claimDue(lane, CLAIM_LIMIT[lane], room, this.owner, LEASE_SECONDS);
  }

  private async publish(batches: readonly LeasedBatch[]): Promise<Settlement[]> {
    if (batches.length === 0) return [];
    const work = await this.workOf(batches);
    const publications = this.isReference
      ? this.references(work)
      : this.publications(work, await this.batches.messagesOf(batches));
    const results = await this.publisher.publish(publications);
    let next = 0;
    return work.map(({ batch, emails: { ids }, suppressed }) => {
      const ofBatch = results.slice(next, (next += ids.length));
      const having = (wanted: PublishResult) => ids.filter((_, index) => ofBatch[index] === wanted);
      const tooLarge = having('too_large');
      const unacknowledged = having('unacknowledged');
      return {
        batch,
        acknowledged: having('acknowledged'),
        unacknowledged,
        tooLarge,
        suppressed,
        delayMs: backoffMs(batch.attempts, REPUBLISH_BACKOFF),
        error: tooLarge.length > 0 ? 'payload_too_large' : unacknowledged.length > 0 ? 'publish_unacknowledged' : null,
      };
    });
  }

  /** Asks again who may be written to: an external sender never does. */
  private async workOf(batches: readonly LeasedBatch[]): Promise<Work[]> {
    const emails = await this.batches.emailsOf(batches, !this.isReference);
    const blocked = await this.recipients.blocked(
      batches.map(({ id, topicId }) => ({ topicId, addresses: emails.get(id)?.addresses ?? [] })),
    );
    return batches.map((batch): Work => {
      const all = emails.get(batch.id) ?? NO_EMAILS;
      const ofTopic = blocked.of(batch.topicId);
      if (ofTopic.size === 0) return { batch, emails: all, suppressed: [] };
      const work: Work = { batch, emails: { ...all, ids: [], addresses: [] }, suppressed: [] };
      for (const [index, id] of all.ids.entries()) {
        const address = all.addresses[index];
        const block = ofTopic.get(address);
        if (block !== undefined) {
          work.suppressed.push({ id, reason: blockText(block) });
          continue;
        }
        work.emails.ids.push(id);
        work.emails.addresses.push(address);
      }
      return work;
    });
  }

  /** Composed one by one as the window takes them, so that a lap never holds all its payloads. */
  private *publications(work: readonly Work[], messages: ReadonlyMap<string, Message>): Generator<Publication> {
    for (const { batch, emails } of work) {
      const message = messages.get(batch.messageId);
      if (!message) throw new Error(`batch ${batch.id} has no message ${batch.messageId}`);
      const templates = new MessageTemplates(message, this.links);
      const payloads = new Map<number | null, PayloadTemplate>();
      for (const [index, id] of emails.ids.entries()) {
        const bits = emails.tracking?.[id] ?? null;
        const template = payloads.get(bits) ?? payloadTemplate(this.nats.payloadFormat, templates.of(bits));
        payloads.set(bits, template);
        const recipient = { id, address: emails.addresses[index], variables: emails.variables?.[id] ?? null };
        yield { emailId: id, generation: batch.generation, payload: template.payloadOf(recipient) };
      }
    }
  }

  /** The content stays in the ledger, where our sender finds it. */
  private *references(work: readonly Work[]): Generator<Publication> {
    for (const { batch, emails } of work) {
      for (const uuid of emails.ids) {
        const payload = serializeReference({ uuid, message_id: batch.messageId });
        yield { emailId: uuid, generation: batch.generation, payload };
      }
    }
  }

  private get isReference(): boolean {
    return this.nats.payload === 'reference';
  }

  private get links(): LinkSettings {
    return { publicUrl: this.server.publicUrl, secret: this.tracking.secret };
  }
}

function sizeOf(batches: readonly LeasedBatch[]): number {
  return batches.reduce((sum, { size }) => sum + size, 0);
}
