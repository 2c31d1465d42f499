import { Injectable, Logger } from '@nestjs/common';
import type { Consumer, ConsumerMessages, JsMsg } from 'nats';
import { Acknowledger } from './acknowledger.js';
import { DeliveryHeaders } from './delivery-headers.js';
import { JetStreamService } from './jetstream.service.js';
import { ensureConsumer, StreamPolicyError } from './topology.js';

/** A stream message in the words of the sender. */
export interface Delivery {
  payload: Uint8Array;
  readonly headers: DeliveryHeaders;
  /** 1 for the first delivery. */
  deliveries: number;
  sequence: number;
  /** Done for good; resolves when the server has confirmed it. */
  ack(): Promise<void>;
  /** Deliver again after a delay. */
  nak(delayMs: number): void;
  /** Still at it: the acknowledgement clock starts anew. */
  working(): void;
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
   * Delivers until `stop` or until the consumer is lost (deleted, missed heartbeats) or another's, which ends the
   * iteration; the caller then starts anew. At most `prefetch` messages are held unanswered.
   */
  async *deliveries(prefetch: number): AsyncGenerator<Delivery> {
    if (!(await this.isOurs())) return;
    const { stream, consumer: name } = this.jetstream.config;
    const consumer: Consumer = await this.jetstream.client.jetstream().consumers.get(stream, name);
    this.messages = await consumer.consume({ max_messages: prefetch, idle_heartbeat: 5_000 });
    void this.endWhenLost(this.messages);
    const acknowledger = (this.acknowledger ??= new Acknowledger(this.jetstream.client));
    try {
      for await (const message of this.messages) yield new StreamDelivery(message, acknowledger);
    } finally {
      this.messages = null;
    }
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

  private async endWhenLost(messages: ConsumerMessages): Promise<void> {
    const lost = new Set(['consumer_deleted', 'consumer_not_found', 'stream_not_found', 'heartbeats_missed']);
    for await (const { type } of await messages.status()) {
      if (lost.has(type)) messages.stop();
    }
  }
}

/** What the client has of a message and does not declare. */
interface Received {
  readonly reply: string;
  readonly msg: { readonly _rdata: Uint8Array; readonly _msg: { readonly hdr: number } };
}

/** What is seldom asked for is read when it is. */
class StreamDelivery implements Delivery {
  constructor(
    private readonly message: JsMsg,
    private readonly acknowledger: Acknowledger,
  ) {}

  get payload(): Uint8Array {
    return this.message.data;
  }

  get deliveries(): number {
    return this.message.info.deliveryCount;
  }

  get sequence(): number {
    return this.message.seq;
  }

  get headers(): DeliveryHeaders {
    const { _rdata: bytes, _msg: message } = (this.message as JsMsg & Received).msg;
    return new DeliveryHeaders(bytes.subarray(0, Math.max(message.hdr, 0)));
  }

  ack(): Promise<void> {
    return this.acknowledger.ack((this.message as JsMsg & Received).reply);
  }

  nak(delayMs: number): void {
    this.message.nak(delayMs);
  }

  working(): void {
    this.message.working();
  }
}
