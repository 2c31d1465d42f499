import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { crashPoint } from '../runtime/crash-point.js';
import { AckGroup, type AckOwner } from './ack-group.js';
import { isFault, PublishAnswers, type PublishFault } from './publish-answer.js';

/** Messages per reply subject. */
const GROUP = 64;

/**
 * The publishes in flight, and what became of each. The client's own publish makes a token, a promise and a timer for
 * each, parses each answer, and reaches a quarter of the rate. Here a group of messages shares a reply subject, and one
 * timer does for all. The server looks up who listens to a subject once per group, and each group's subscription tells
 * whose an answer is, mostly without a look at its subject.
 *
 * A group is used again only after all its answers. One that had an answer that was none, or not all in time, is replaced
 * by another with another subscription, so that a later answer belongs to nobody.
 *
 * No message counts as stored because another was acknowledged twice: the new leader of a replicated stream may answer what
 * the old one has answered. A stream numbers its messages upwards; what is not above all before is looked at closely.
 *
 * After a disconnect the answers to what was in flight do not come; it fails at its timeout.
 */
export class AckWindow {
  private readonly groups = new Set<AckGroup>();
  private readonly free: AckGroup[] = [];
  /** Takes the next message. */
  private open: AckGroup | null = null;
  private inFlight = 0;
  /** The last that the stream gave to a message that was new to it. */
  private lastSequence = 0;
  private readonly answers: PublishAnswers;
  private readonly inbox = createInbox();
  private inboxes = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly size: number,
    private readonly timeoutMs: number,
    stream: string,
    /** Called when messages are settled. */
    private readonly onRoom: () => void,
    /** Called when a message that is new to the stream has a number that it gave before: it lost what it had behind it. */
    private readonly onSetback: () => void,
  ) {
    this.answers = new PublishAnswers(stream);
  }

  get hasRoom(): boolean {
    return this.inFlight < this.size;
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
    const group = (this.open ??= this.free.pop() ?? this.addGroup(connection));
    connection.publish(subject, payload, { reply: group.reply, headers });
    group.add(owner, index);
    this.inFlight++;
    if (group.size === GROUP) this.open = null;
    this.timer ??= setTimeout(() => this.expire(), this.timeoutMs);
  }

  private addGroup(connection: NatsConnection): AckGroup {
    const inbox = `${this.inbox}.${this.inboxes++}`;
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.answer(group, message);
      },
    });
    const group = new AckGroup(inbox, () => subscription.unsubscribe());
    this.groups.add(group);
    return group;
  }

  private answer(group: AckGroup, message: Msg): void {
    crashPoint('dispatcher.publish');
    const sequence = this.answers.usual(message.data);
    if (sequence !== null && sequence > this.lastSequence) {
      this.lastSequence = sequence;
      group.count(sequence);
    } else {
      const answer = this.answers.read(message);
      if (message.subject !== group.reply || group.size === 0) return;
      if (isFault(answer)) return this.giveUp(group, answer);
      if (group.hasCounted(answer.sequence)) return;
      if (!answer.isDuplicate) {
        if (this.lastSequence > 0) this.onSetback();
        this.lastSequence = answer.sequence;
      }
      group.count(answer.sequence);
    }
    if (group.isAcknowledged) this.settle(group);
  }

  private settle(group: AckGroup): void {
    this.inFlight -= group.size;
    if (group !== this.open) this.free.push(group);
    group.settle(null);
    this.onRoom();
  }

  private giveUp(group: AckGroup, fault: PublishFault): void {
    group.close();
    this.groups.delete(group);
    if (group === this.open) this.open = null;
    this.inFlight -= group.size;
    group.settle(fault);
    this.onRoom();
  }

  /** Gives up what was sent so long ago, and looks again when the next would be. */
  private expire(): void {
    this.timer = null;
    const nowMs = performance.now();
    let nextMs = Infinity;
    for (const group of [...this.groups]) {
      if (group.size === 0) continue;
      const leftMs = group.sentAtMs + this.timeoutMs - nowMs;
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
      else this.giveUp(group, { reason: `no answer within ${this.timeoutMs} ms`, kind: 'other' });
    }
    if (nextMs < Infinity) this.timer ??= setTimeout(() => this.expire(), Math.ceil(nextMs));
  }
}
