import { createInbox, type Msg, type NatsConnection } from 'nats';

/** As long as the client's own requests wait. */
const TIMEOUT_MS = 5_000;
const CHECK_MS = 1_000;
const ACK = Buffer.from('+ACK');

interface Waiting {
  sentMs: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Acknowledges deliveries and hears the server's confirmation, over one inbox and with one clock for all of them: the
 * client's own `ackAck` makes a subscription token, a timer, two promises and a stack trace for each.
 */
export class Acknowledger {
  private readonly inbox = createInbox();
  /** By number, which is the order in which they were sent. */
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private clock: NodeJS.Timeout | null = null;

  constructor(private readonly connection: NatsConnection) {
    connection.subscribe(`${this.inbox}.*`, { callback: (_error, message) => this.confirmed(message) });
  }

  /**
   * `subjects`: where the deliveries want their answers; not empty. Resolves when the server has confirmed the last of them:
   * a consumer takes a connection's acknowledgements one after the other, so by then it has taken all.
   */
  ack(subjects: readonly string[]): Promise<void> {
    const number = this.next++;
    const last = subjects.length - 1;
    for (const [index, subject] of subjects.entries()) {
      this.connection.publish(subject, ACK, index === last ? { reply: `${this.inbox}.${number}` } : undefined);
    }
    this.clock ??= setTimeout(() => this.giveUp(), CHECK_MS).unref();
    return new Promise((resolve, reject) => this.waiting.set(number, { sentMs: performance.now(), resolve, reject }));
  }

  private confirmed({ subject, headers }: Msg): void {
    const number = Number(subject.slice(this.inbox.length + 1));
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    // Nobody listens to acknowledgements of a stream that is gone.
    if (headers?.code === 503) waiting?.reject(new Error('there is no such consumer'));
    else waiting?.resolve();
  }

  private giveUp(): void {
    const before = performance.now() - TIMEOUT_MS;
    for (const [number, { sentMs, reject }] of this.waiting) {
      if (sentMs > before) break;
      this.waiting.delete(number);
      reject(new Error(`not confirmed within ${TIMEOUT_MS} ms`));
    }
    this.clock = this.waiting.size === 0 ? null : setTimeout(() => this.giveUp(), CHECK_MS).unref();
  }
}
