import { Injectable, Logger } from '@nestjs/common';
import {
  CONTENT_TYPE_HEADER,
  CONTENT_TYPES,
  GENERATION_HEADER,
  messageIdOf,
  PAYLOAD_VERSION,
  PAYLOAD_VERSION_HEADER,
} from '../contracts/payload.js';
import { messageOf } from '../runtime/message-of.js';
import { TimeSlice } from '../runtime/time-slice.js';
import { AckWindow } from './ack-window.js';
import { JetStreamService } from './jetstream.service.js';
import type { PublishFault } from './publish-answer.js';
import { PublishHeaders } from './publish-headers.js';
import { type Publication, PublishOrder } from './publish-order.js';
import { lookAtStream, readBacklog, type StreamLook } from './topology.js';

/** Publishes in flight at a time. */
const WINDOW = 1_024;
const ACK_TIMEOUT_MS = 5_000;
/**
 * Every statement's answer waits for a turn of the event loop, the dispatcher's own too: with slices of 10 ms a claim took
 * 25 to 60 ms beside a publish, and 2.7 ms alone. Shorter slices cost nothing that could be measured.
 */
const SLICE_MS = 2;
/** A look at the clock costs as much as a twentieth of a publish. */
const PUBLISHES_PER_LOOK = 16;
const MESSAGE_ID_HEADER = 'Nats-Msg-Id';
/** A stream of another name that listens to our subject refuses our mail instead of keeping it. */
const EXPECTED_STREAM_HEADER = 'Nats-Expected-Stream';

/**
 * The one way into the stream. Orders are published one after the other through one window: while the last answers to one
 * are awaited, the next is under way.
 */
@Injectable()
export class Publisher {
  private readonly logger = new Logger('Publisher');
  private readonly slice = new TimeSlice(SLICE_MS);
  private readonly window: AckWindow;
  /** By generation. */
  private readonly headers = new Map<number, PublishHeaders>();
  private readonly orders: PublishOrder[] = [];
  private readonly setbackListeners: (() => void)[] = [];
  /** Of the messages that the stream held when it was last seen with any; 0 before. */
  private meanBytes = 0;
  private isWaitingForTurn = false;
  private recheck: Promise<void> | null = null;

  constructor(private readonly jetstream: JetStreamService) {
    const onSetback = () => {
      for (const listener of this.setbackListeners) listener();
    };
    this.window = new AckWindow(WINDOW, ACK_TIMEOUT_MS, jetstream.config.stream, () => this.fill(), onSetback);
  }

  get isReady(): boolean {
    return this.jetstream.state.ready;
  }

  onReady(listener: () => void): void {
    this.jetstream.onReady(listener);
  }

  /** Called when the stream counts messages again that it has counted before: it was made anew, or has an older store. */
  onSetback(listener: () => void): void {
    this.setbackListeners.push(listener);
  }

  /** What the stream is and holds at this moment. */
  look(): Promise<StreamLook> {
    return lookAtStream(this.jetstream.client, this.jetstream.config);
  }

  /** Messages in the stream that are not done with, and how many of such a size it can hold: Infinity before the first look at one. */
  async backlog(): Promise<{ messages: number; capacity: number }> {
    const { client, config } = this.jetstream;
    const { messages, stored, bytes } = await readBacklog(client, config);
    if (stored > 0) this.meanBytes = bytes / stored;
    return { messages, capacity: Math.floor(config.maxBytes / this.meanBytes) };
  }

  /**
   * Begins to publish so many emails behind what was ordered before. After the first failure that is not an email's own
   * nothing more of any order is started: waiting for one timeout per window would outlast the batches' leases.
   */
  publish(publications: Iterable<Publication>, count: number): PublishOrder {
    const order = new PublishOrder(publications, count, (fault) => this.fail(fault));
    this.orders.push(order);
    this.fill();
    return order;
  }

  /** Resolves when a stream that was found to be gone has been looked at again. */
  async rechecked(): Promise<void> {
    await this.recheck;
  }

  private fill(): void {
    for (let publishes = 0; this.orders.length > 0 && this.window.hasRoom; publishes++) {
      if (publishes % PUBLISHES_PER_LOOK === 0 && this.slice.isOver) return this.fillInNextTurn();
      const [order] = this.orders;
      const index = order.taken;
      const publication = order.next();
      if (publication === null) this.orders.shift();
      else this.send(order, publication, index);
    }
  }

  private fillInNextTurn(): void {
    if (this.isWaitingForTurn) return;
    this.isWaitingForTurn = true;
    void this.slice.wait().then(() => {
      this.isWaitingForTurn = false;
      this.fill();
    });
  }

  private send(order: PublishOrder, { emailId, generation, payload }: Publication, index: number): void {
    const { client, config } = this.jetstream;
    const headers = this.headersOf(generation);
    headers.write(messageIdOf(emailId, generation));
    if (payload.length + headers.bytesWritten > (client.info?.max_payload ?? Infinity)) {
      order.tooLarge(index);
      return;
    }
    try {
      this.window.publish(client, config.subject, payload, headers, order, index);
      order.sent();
    } catch (error) {
      this.fail({ reason: messageOf(error), kind: 'other' });
    }
  }

  private headersOf(generation: number): PublishHeaders {
    const known = this.headers.get(generation);
    if (known) return known;
    const { stream, payload, payloadFormat } = this.jetstream.config;
    const shared = {
      [CONTENT_TYPE_HEADER]: CONTENT_TYPES[payload === 'reference' ? 'json' : payloadFormat],
      [PAYLOAD_VERSION_HEADER]: PAYLOAD_VERSION,
      [GENERATION_HEADER]: String(generation),
      [EXPECTED_STREAM_HEADER]: stream,
    };
    const headers = new PublishHeaders(shared, MESSAGE_ID_HEADER);
    this.headers.set(generation, headers);
    return headers;
  }

  private fail(fault: PublishFault): void {
    this.logger.warn(`a publish was not acknowledged: ${fault.reason}`);
    if (fault.kind === 'stream_gone') this.recheck ??= this.jetstream.recheck().finally(() => (this.recheck = null));
    for (const order of this.orders.splice(0)) order.end(fault);
  }
}
