/** What a client has left. */
export interface Allowance {
  isAllowed: boolean;
  limit: number;
  remaining: number;
  /** Until all of it is there again. */
  resetSeconds: number;
  /** Until one more is allowed. */
  retryAfterSeconds: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** What a client may save up: a mail that is opened everywhere at once is no flood. */
const BURST_SECONDS = 10;

/** Some 100 bytes each. Beyond it the client that was quiet the longest is forgotten, which favours it. */
const MAX_CLIENTS = 20_000;

/** A bucket of tokens per client, filled at a steady rate. */
export class RateLimiter {
  private readonly limit: number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.limit = perSecond * BURST_SECONDS;
  }

  /** Takes a token, if there is one. */
  take(client: string): Allowance {
    const bucket = this.filled(client);
    const isAllowed = bucket.tokens >= 1;
    if (isAllowed) bucket.tokens -= 1;
    return this.allowance(bucket, isAllowed);
  }

  /** What `take` would say. */
  look(client: string): Allowance {
    const bucket = this.filled(client);
    return this.allowance(bucket, bucket.tokens >= 1);
  }

  private filled(client: string): Bucket {
    const nowMs = this.now();
    const known = this.buckets.get(client) ?? { tokens: this.limit, atMs: nowMs };
    known.tokens = Math.min(this.limit, known.tokens + ((nowMs - known.atMs) / 1_000) * this.perSecond);
    known.atMs = nowMs;
    // A Map keeps the order of insertion: who was here last stands last.
    this.buckets.delete(client);
    this.buckets.set(client, known);
    if (this.buckets.size > MAX_CLIENTS) this.buckets.delete(this.buckets.keys().next().value as string);
    return known;
  }

  private allowance({ tokens }: Bucket, isAllowed: boolean): Allowance {
    return {
      isAllowed,
      limit: this.limit,
      remaining: Math.floor(tokens),
      resetSeconds: Math.ceil((this.limit - tokens) / this.perSecond),
      retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / this.perSecond)),
    };
  }
}
