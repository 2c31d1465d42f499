import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from 'nats';

/** Nobody listens on the subject: the stream is gone. Core NATS says so with this code and without a body. */
const NO_RESPONDERS = 503;

/** Why a publish is not known to be stored. */
export interface PublishFault {
  reason: string;
  isStreamGone: boolean;
}

/** Who awaits acknowledgements; `index` is the caller's own number of the message. */
export interface AckOwner {
  acknowledged(index: number): void;
  failed(index: number, fault: PublishFault): void;
}

/** A place in the window, with a reply subject of its own. */
interface Slot {
  reply: string;
  subscription: Subscription;
  /** Null: free. */
  owner: AckOwner | null;
  index: number;
  sentAtMs: number;
}

/**
 * The publishes in flight, and what became of each. The client's own publish makes a token, a promise and a timer for
 * each, parses each answer, and reaches a quarter of the rate. Here a slot's subscription tells whose the answer is,
 * without a look at its subject, and one timer does for all. There are few reply subjects, used again and again: the
 * server remembers who listens to a few hundred, and looks it up for each message otherwise.
 *
 * A slot is used again only after its answer. One whose answer did not come in time, or was none of our stream's, gets
 * another subject and subscription, so that a later answer belongs to nobody.
 *
 * After a disconnect the answers to what was in flight do not come; it fails at its timeout.
 */
export class AckWindow {
  private readonly free: Slot[] = [];
  private readonly slots: Slot[] = [];
  private readonly goodAck: Buffer;
  private subjects = 0;
  private inbox = createInbox();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly size: number,
    private readonly timeoutMs: number,
    /** An acknowledgement of a stream that merely listens to our subject is none. */
    private readonly stream: string,
    /** Called after each answer and timeout. */
    private readonly onRoom: () => void,
  ) {
    this.goodAck = Buffer.from(`{"stream":${JSON.stringify(stream)},`);
  }

  get hasRoom(): boolean {
    return this.free.length > 0 || this.slots.length < this.size;
  }

  /** Only with room. What the client itself refuses is thrown, and awaits nothing. */
  publish(
    connection: NatsConnection,
    subject: string,
    payload: Uint8Array,
    headers: MsgHdrs,
    owner: AckOwner,
    index: number,
  ): void {
    const slot = this.free.pop() ?? this.addSlot(connection);
    try {
      connection.publish(subject, payload, { reply: slot.reply, headers });
    } catch (error) {
      this.free.push(slot);
      throw error;
    }
    slot.owner = owner;
    slot.index = index;
    slot.sentAtMs = performance.now();
    this.timer ??= setTimeout(() => this.expire(connection), this.timeoutMs);
  }

  private addSlot(connection: NatsConnection): Slot {
    const slot = { owner: null, index: 0, sentAtMs: 0 } as Partial<Slot> as Slot;
    this.listen(slot, connection);
    this.slots.push(slot);
    return slot;
  }

  private listen(slot: Slot, connection: NatsConnection): void {
    slot.reply = `${this.inbox}.${this.subjects++}`;
    slot.subscription = connection.subscribe(slot.reply, {
      callback: (error, message) => {
        if (error === null) this.answer(slot, message, connection);
      },
    });
  }

  private renew(slot: Slot, connection: NatsConnection): void {
    slot.subscription.unsubscribe();
    this.listen(slot, connection);
  }

  private answer(slot: Slot, message: Msg, connection: NatsConnection): void {
    if (slot.owner === null) return;
    const fault = this.isGood(message.data) ? null : faultOf(message, this.stream);
    if (fault !== null) this.renew(slot, connection);
    this.settle(slot, fault);
    this.onRoom();
  }

  private isGood(data: Uint8Array): boolean {
    const { length } = this.goodAck;
    return data.length > length && this.goodAck.compare(data, 0, length) === 0;
  }

  private settle(slot: Slot, fault: PublishFault | null): void {
    const { owner, index } = slot;
    if (owner === null) return;
    slot.owner = null;
    this.free.push(slot);
    if (fault === null) owner.acknowledged(index);
    else owner.failed(index, fault);
  }

  /** Gives up what was sent so long ago, and looks again when the next would be. */
  private expire(connection: NatsConnection): void {
    this.timer = null;
    const nowMs = performance.now();
    let nextMs = Infinity;
    for (const slot of this.slots) {
      if (slot.owner === null) continue;
      const leftMs = slot.sentAtMs + this.timeoutMs - nowMs;
      if (leftMs > 0) {
        nextMs = Math.min(nextMs, leftMs);
        continue;
      }
      this.renew(slot, connection);
      this.settle(slot, { reason: `no answer within ${this.timeoutMs} ms`, isStreamGone: false });
    }
    if (nextMs < Infinity) this.timer = setTimeout(() => this.expire(connection), Math.ceil(nextMs));
    this.onRoom();
  }
}

function faultOf({ data, headers }: Msg, stream: string): PublishFault | null {
  if (data.length === 0 && headers?.code === NO_RESPONDERS) {
    return { reason: 'no stream listens to the subject', isStreamGone: true };
  }
  const text = Buffer.from(data).toString();
  let answer: { stream?: unknown; error?: { description?: unknown } } | null;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    answer = null;
  }
  if (answer?.error) return { reason: String(answer.error.description), isStreamGone: false };
  if (answer?.stream === stream) return null;
  return { reason: `an answer that is no acknowledgement of our stream: ${text.slice(0, 200)}`, isStreamGone: false };
}
