import { type SnsNotification, SnsTopic, type SnsTopicOptions } from './sns-topic.js';

export interface Notification {
  /** Since the one before it has been delivered or given up. */
  afterMs: number;
  deliveries: number;
  /** Made when it is due, so that what waits is small. */
  message: () => string;
}

export interface SnsNotifierOptions extends SnsTopicOptions {
  webhookUrl: string;
  retryWaitsMs?: readonly number[];
}

export interface NotifierStats {
  waiting: number;
  delivered: number;
  /** Deliveries that were tried again. */
  retried: number;
  /** Refused with a 4xx, which SNS takes for final. */
  refused: number;
  /** Not delivered by the last retry. */
  given_up: number;
  /** More was waiting than the simulator keeps. */
  dropped: number;
}

/** The notifications of one mail, which go out one after the other. */
interface Chain {
  notifications: readonly Notification[];
  index: number;
  attempt: number;
  /** The signed message of `index`, the same on every retry. */
  signed?: SnsNotification;
}

const CONCURRENCY = 16;
const MAX_WAITING = 100_000;

/** What SNS waits for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** SNS retries for a minute by default and for an hour at most; this is long enough for a gateway that restarts. */
const RETRY_WAITS_MS = [200, 400, 800, 1_600, 3_200, 6_400];

/** Publishes to the gateway's webhook as SNS does: signed, retried on 5xx and on no answer, not retried on 4xx. */
export class SnsNotifier {
  private readonly counts = { delivered: 0, retried: 0, refused: 0, given_up: 0, dropped: 0 };
  private readonly ready: Chain[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private isClosed = false;
  private readonly topic: SnsTopic;
  private posting = 0;

  constructor(private readonly options: SnsNotifierOptions) {
    this.topic = new SnsTopic(options);
  }

  async open(): Promise<void> {
    await this.topic.open();
  }

  close(): void {
    this.isClosed = true;
    this.ready.length = 0;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  stats(): NotifierStats {
    return { waiting: this.waiting(), ...this.counts };
  }

  publish(notifications: readonly Notification[]): void {
    if (this.waiting() >= MAX_WAITING) this.counts.dropped += notifications.length;
    else this.wait({ notifications, index: 0, attempt: 0 }, notifications[0]?.afterMs);
  }

  private waiting(): number {
    return this.timers.size + this.ready.length + this.posting;
  }

  private wait(chain: Chain, delayMs: number | undefined): void {
    if (delayMs === undefined || this.isClosed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.ready.push(chain);
      this.work();
    }, delayMs);
    this.timers.add(timer);
  }

  private work(): void {
    while (this.posting < CONCURRENCY) {
      const chain = this.ready.shift();
      if (!chain) return;
      this.posting += 1;
      void this.advance(chain).finally(() => {
        this.posting -= 1;
        this.work();
      });
    }
  }

  private async advance(chain: Chain): Promise<void> {
    const { message, deliveries } = chain.notifications[chain.index];
    chain.signed ??= this.topic.notification(message());
    const body = JSON.stringify(chain.signed);
    for (let delivery = 0; delivery < deliveries; delivery++) {
      const status = await this.post(chain.signed, body);
      if (this.isClosed) return;
      if (isRetried(status)) return this.retry(chain);
      this.counts[status >= 200 && status <= 299 ? 'delivered' : 'refused'] += 1;
    }
    this.next(chain);
  }

  private retry(chain: Chain): void {
    const waits = this.options.retryWaitsMs ?? RETRY_WAITS_MS;
    if (chain.attempt >= waits.length) {
      this.counts.given_up += 1;
      return this.next(chain);
    }
    this.counts.retried += 1;
    this.wait(chain, waits[chain.attempt++]);
  }

  private next(chain: Chain): void {
    const index = chain.index + 1;
    this.wait({ notifications: chain.notifications, index, attempt: 0 }, chain.notifications[index]?.afterMs);
  }

  /** The status, or 0 without an answer. */
  private async post(notification: SnsNotification, body: string): Promise<number> {
    try {
      const response = await fetch(this.options.webhookUrl, {
        method: 'POST',
        headers: this.topic.headers(notification),
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }
}

function isRetried(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}
