import { Inject, Injectable } from '@nestjs/common';
import { MessageTemplates, type TrackedMessage } from '../compose/message-templates.js';
import { serializeReference } from '../compose/payload.js';
import { type PayloadTemplate, payloadTemplate } from '../compose/payload-template.js';
import type { LinkSettings } from '../compose/tracked-body.js';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import type { PublishFault } from '../jetstream/publish-answer.js';
import type { Publication, PublishResult } from '../jetstream/publish-order.js';
import {
  type BatchEmails,
  BatchesRepository,
  type LeasedBatch,
  type Settlement,
} from '../messages/batches.repository.js';
import { backoffMs } from '../runtime/backoff.js';
import { blockText, RecipientCheck } from '../suppressions/recipient-check.js';

const REPUBLISH_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** A full stream is no fault of a batch: it waits for the sender, and is no longer delayed each time. */
const FULL_DELAY_MS = 1_000;

const NO_EMAILS: BatchEmails = { ids: [], addresses: [], tracking: null, variables: null, suppressed: null };

/** A leased batch with what is to be published of it, and what is not because nothing is sent to the address any more. */
interface Work {
  batch: LeasedBatch;
  emails: BatchEmails;
  suppressed: { id: string; reason: string }[];
}

/** Leased batches on their way into the stream. */
export interface Load {
  /** Emails to be published. */
  count: number;
  /** Composed one by one as they are taken, so that never all payloads are in memory. */
  publications: Iterable<Publication>;
  /** What is to be settled, by what became of the publications. */
  settlements(results: readonly PublishResult[], fault: PublishFault | null): Settlement[];
}

/** Makes loads of leased batches: reads their emails and contents, and asks again who may be written to. */
@Injectable()
export class Loads {
  constructor(
    private readonly batches: BatchesRepository,
    private readonly recipients: RecipientCheck,
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    @Inject(serverConfig.KEY) private readonly server: ServerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {}

  async of(batches: readonly LeasedBatch[]): Promise<Load> {
    const [work, messages] = await Promise.all([
      this.workOf(batches),
      this.isReference ? null : this.batches.messagesOf(batches),
    ]);
    return {
      count: work.reduce((sum, { emails }) => sum + emails.ids.length, 0),
      publications: messages === null ? references(work) : this.payloads(work, messages),
      settlements: (results, fault) => settlementsOf(work, results, fault?.kind === 'stream_full'),
    };
  }

  private async workOf(batches: readonly LeasedBatch[]): Promise<Work[]> {
    const emails = await this.batches.emailsOf(batches, !this.isReference);
    return batches.map((batch) => this.checked(batch, emails.get(batch.id) ?? NO_EMAILS));
  }

  /** Asked at acceptance too, but things have changed since; an external sender never asks. */
  private checked(batch: LeasedBatch, all: BatchEmails): Work {
    if (all.suppressed === null && this.recipients.isEverybodyAllowedHere)
      return { batch, emails: all, suppressed: [] };
    const work: Work = { batch, emails: { ...all, ids: [], addresses: [] }, suppressed: [] };
    for (const [index, id] of all.ids.entries()) {
      const address = all.addresses[index];
      const block = this.recipients.isAllowedHere(address) ? all.suppressed?.[id] : 'not_allowed_here';
      if (block !== undefined) {
        work.suppressed.push({ id, reason: blockText(block) });
        continue;
      }
      work.emails.ids.push(id);
      work.emails.addresses.push(address);
    }
    return work;
  }

  private *payloads(work: readonly Work[], messages: ReadonlyMap<string, TrackedMessage>): Generator<Publication> {
    const templates = new TemplatesInUse(work, messages, this.links);
    for (const { batch, emails } of work) {
      const ofMessage = templates.of(batch);
      const payloads = new Map<number | null, PayloadTemplate>();
      for (const [index, id] of emails.ids.entries()) {
        const bits = emails.tracking?.[id] ?? null;
        const template = payloads.get(bits) ?? payloadTemplate(this.nats.payloadFormat, ofMessage.of(bits));
        payloads.set(bits, template);
        const recipient = { id, address: emails.addresses[index], variables: emails.variables?.[id] ?? null };
        yield { emailId: id, generation: batch.generation, payload: template.payloadOf(recipient) };
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

/** The templates of a message are made once per load, and kept as long as a batch of it follows. */
class TemplatesInUse {
  private readonly batchesLeft = new Map<string, number>();
  private readonly templates = new Map<string, MessageTemplates>();

  constructor(
    work: readonly Work[],
    private readonly messages: ReadonlyMap<string, TrackedMessage>,
    private readonly links: LinkSettings,
  ) {
    for (const { batch } of work) {
      this.batchesLeft.set(batch.messageId, (this.batchesLeft.get(batch.messageId) ?? 0) + 1);
    }
  }

  /** Once for each batch. */
  of({ id, messageId }: LeasedBatch): MessageTemplates {
    const message = this.messages.get(messageId);
    if (!message) throw new Error(`batch ${id} has no message ${messageId}`);
    const templates = this.templates.get(messageId) ?? new MessageTemplates(message, this.links);
    const left = (this.batchesLeft.get(messageId) ?? 0) - 1;
    this.batchesLeft.set(messageId, left);
    if (left > 0) this.templates.set(messageId, templates);
    else this.templates.delete(messageId);
    return templates;
  }
}

/** The content stays in the ledger, where our sender finds it. */
function* references(work: readonly Work[]): Generator<Publication> {
  for (const { batch, emails } of work) {
    for (const uuid of emails.ids) {
      const payload = serializeReference({ uuid, message_id: batch.messageId });
      yield { emailId: uuid, generation: batch.generation, payload };
    }
  }
}

function settlementsOf(work: readonly Work[], results: readonly PublishResult[], isFull: boolean): Settlement[] {
  let next = 0;
  return work.map(({ batch, emails: { ids }, suppressed }) => {
    const ofBatch = results.slice(next, (next += ids.length));
    const having = (wanted: PublishResult) => ids.filter((_, index) => ofBatch[index] === wanted);
    const tooLarge = having('too_large');
    const unacknowledged = having('unacknowledged');
    const hasFailed = unacknowledged.length > 0 && !isFull;
    return {
      batch,
      acknowledged: having('acknowledged'),
      unacknowledged,
      tooLarge,
      suppressed,
      delayMs: isFull ? FULL_DELAY_MS : backoffMs(batch.attempts, REPUBLISH_BACKOFF),
      error: tooLarge.length > 0 ? 'payload_too_large' : hasFailed ? 'publish_unacknowledged' : null,
    };
  });
}
