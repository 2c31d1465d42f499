import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { PayloadTemplate } from '../compose/payload-template.js';
import { trackedBody } from '../compose/tracked-body.js';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { schedulerConfig, type SchedulerConfig } from '../config/scheduler.config.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { TRACKS_CLICKS, TRACKS_OPENS, trackingBits } from '../contracts/tracking-bits.js';
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

const NO_EMAILS: BatchEmails = { ids: [], addresses: [], tracking: null };

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
    const claimed = isFull ? singles : [...singles, ...(await this.claimBulk(bulkRoom))];
    if (claimed.length === 0) return isFull ? 'full' : 'idle';
    const stopped = claimed.filter(({ isStopped }) => isStopped);
    if (stopped.length > 0) await this.batches.stopLeased(stopped);
    const settlements = await this.publish(claimed.filter(({ isStopped }) => !isStopped));
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

  /** As many batches as there is room for, and of the last a part. */
  private async claimBulk(room: number): Promise<LeasedBatch[]> {
    const batches = await this.claim(1, room);
    const last = batches.pop();
    if (last === undefined) return [];
    const left = room - sizeOf(batches);
    return [...batches, last.size > left && !last.isStopped ? await this.batches.split(last, left) : last];
  }

  private claim(lane: Lane, room: number): Promise<LeasedBatch[]> {
    return this.batches.claimDue(lane, CLAIM_LIMIT[lane], room, this.owner, LEASE_SECONDS);
  }

  private async publish(batches: readonly LeasedBatch[]): Promise<Settlement[]> {
    if (batches.length === 0) return [];
    const [messages, work] = await Promise.all([this.batches.messagesOf(batches), this.workOf(batches)]);
    const results = await this.publisher.publish(this.publications(work, messages));
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
    const emails = await this.batches.emailsOf(batches);
    const blocked = await this.recipients.blocked([...emails.values()].flatMap(({ addresses }) => addresses));
    return batches.map((batch): Work => {
      const all = emails.get(batch.id) ?? NO_EMAILS;
      if (blocked.size === 0) return { batch, emails: all, suppressed: [] };
      const work: Work = { batch, emails: { ids: [], addresses: [], tracking: all.tracking }, suppressed: [] };
      for (const [index, id] of all.ids.entries()) {
        const address = all.addresses[index];
        const block = blocked.get(address);
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
      const asMessage = trackingBits(message.trackOpens, message.trackClicks);
      const templates = new Map<number, PayloadTemplate>();
      for (const [index, emailId] of emails.ids.entries()) {
        const bits = emails.tracking?.[emailId] ?? asMessage;
        const template = templates.get(bits) ?? this.templateOf(message, bits);
        templates.set(bits, template);
        const payload = template.payloadOf(emailId, emails.addresses[index]);
        yield { emailId, generation: batch.generation, payload };
      }
    }
  }

  private templateOf({ id, topicId, subject, content }: Message, bits: number): PayloadTemplate {
    const tracking = { opens: (bits & TRACKS_OPENS) !== 0, clicks: (bits & TRACKS_CLICKS) !== 0 };
    const links = { publicUrl: this.server.publicUrl, secret: this.tracking.secret };
    return new PayloadTemplate(this.nats.payloadFormat, (uuid, placeholders) => ({
      uuid,
      subject,
      body: trackedBody(content, tracking, links, uuid, placeholders),
      topic_id: topicId,
      message_id: id,
    }));
  }
}

function sizeOf(batches: readonly LeasedBatch[]): number {
  return batches.reduce((sum, { size }) => sum + size, 0);
}
