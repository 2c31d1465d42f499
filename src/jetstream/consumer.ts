import { Injectable, Logger } from '@nestjs/common';
import type { Consumer, ConsumerMessages, JsMsg } from 'nats';
import { Acknowledger } from './acknowledger.js';
import { DeliveryHeaders } from './delivery-headers.js';
import { JetStreamService } from './jetstream.service.js';
import { ensureConsumer, StreamPolicyError } from './topology.js';

/** How long one request for deliveries stands; then it is asked anew. */
const FETCH_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const NANOS_PER_MS = 1e6;
const LOST: ReadonlySet<string> = new Set([
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
  'heartbeats_missed',
]);

/** A stream message in the words of the sender. */
export interface Delivery {
  payload: Uint8Array;
  readonly headers: DeliveryHeaders;
  /** 1 for the first delivery. */
  deliveries: number;
  sequence: number;
  readonly publishedAt: Date;
  /** Where it is answered. */
  readonly reply: string;
  /** Deliver again after a delay. */
  nak(delayMs: number): void;
  /** Still at it: the acknowledgement clock starts anew. */
  working(): void;
  /** Never deliver it again: it leaves the stream. */
  end(): void;
}

/** Pulls from our durable consumer. */
@Injectable()
export class QueueConsumer {
  private readonly logger = new Logger('Consumer');
  private messages: ConsumerMessages | null = null;
  private acknowledger: Acknowledger | null = null;
  /** Why nothing is consumed though the stream is ready: another kind of sender owns it. */
  fault: string | null = null;

  constructor(private readonly jetstream: JetStreamService) {}

  onReady(listener: () => void): void {
    this.jetstream.onReady(listener);
  }

  get isReady(): boolean {
    return this.jetstream.state.ready;
  }

  /**
   * Hands deliveries to `take`, as many as `room` resolves to and then asks it again, until that is none or the consumer is
   * lost (deleted, missed heartbeats) or another's; the caller then starts anew. The client's iterator would take several
   * promises for each delivery.
   */
  async deliver(room: () => Promise<number>, take: (delivery: Delivery) => void): Promise<void> {
    if (!(await this.isOurs())) return;
    const { stream, consumer: name } = this.jetstream.config;
    const consumer = await this.jetstream.client.jetstream().consumers.get(stream, name);
    for (let count = await room(); count > 0; count = await room()) {
      if (await this.fetch(consumer, count, take)) return;
    }
  }

  /** Resolves when the server has confirmed that all of them are done for good. */
  ack(deliveries: readonly Delivery[]): Promise<void> {
    this.acknowledger ??= new Acknowledger(this.jetstream.client);
    return this.acknowledger.ack(deliveries.map(({ reply }) => reply));
  }

  stop(): void {
    this.messages?.stop();
  }

  private async isOurs(): Promise<boolean> {
    try {
      await ensureConsumer(this.jetstream.client, this.jetstream.config);
      this.fault = null;
    } catch (error) {
      if (!(error instanceof StreamPolicyError)) throw error;
      if (this.fault !== error.message) this.logger.error(error.message);
      this.fault = error.message;
    }
    return this.fault === null;
  }

  /** Whether the consumer was lost. */
  private async fetch(consumer: Consumer, count: number, take: (delivery: Delivery) => void): Promise<boolean> {
    const callback = (message: JsMsg) => take(new StreamDelivery(message));
    const options = { max_messages: count, expires: FETCH_MS, idle_heartbeat: HEARTBEAT_MS, callback };
    const messages = (this.messages = await consumer.fetch(options));
    const lost = endWhenLost(messages);
    const error = await messages.closed();
    this.messages = null;
    return error instanceof Error || (await lost);
  }
}

async function endWhenLost(messages: ConsumerMessages): Promise<boolean> {
  let isLost = false;
  for await (const { type } of await messages.status()) {
    if (!LOST.has(type)) continue;
    isLost = true;
    messages.stop();
  }
  return isLost;
}

/** What the client has of a message and does not declare. */
interface Received {
  readonly reply: string;
  readonly msg: { readonly _rdata: Uint8Array; readonly _msg: { readonly hdr: number } };
}

/** What is seldom asked for is read when it is. */
class StreamDelivery implements Delivery {
  constructor(private readonly message: JsMsg) {}

  get payload(): Uint8Array {
    return this.message.data;
  }

  get deliveries(): number {
    return this.message.info.deliveryCount;
  }

  get sequence(): number {
    return this.message.seq;
  }

  get publishedAt(): Date {
    return new Date(this.message.info.timestampNanos / NANOS_PER_MS);
  }

  get headers(): DeliveryHeaders {
    const { _rdata: bytes, _msg: message } = (this.message as JsMsg & Received).msg;
    return new DeliveryHeaders(bytes.subarray(0, Math.max(message.hdr, 0)));
  }

  get reply(): string {
    return (this.message as JsMsg & Received).reply;
  }

  nak(delayMs: number): void {
    this.message.nak(delayMs);
  }

  working(): void {
    this.message.working();
  }

  end(): void {
    this.message.term();
  }
}
