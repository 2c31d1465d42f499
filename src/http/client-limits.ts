import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../runtime/errors.js';
import { clientAddress, networkOf } from './client-address.js';
import { type Allowance, RateLimiter } from './rate-limiter.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its client asks for more than is recorded; set on routes that answer all the same. */
    isOverLimit: boolean;
  }
}

export interface ClientLimitSettings {
  /** 0 is no limit. */
  publicRatePerSecond: number;
  /** 0 is no limit. */
  refusalsPerSecond: number;
  trustedProxies: number;
}

/** A flood must not fill the log. */
const WARNING_INTERVAL_MS = 60_000;

/**
 * What one client address may do without a key. Whoever shows a live key is never held up here, whatever else comes from
 * their address; nor is SNS, which brings thousands of messages a second from few addresses, as long as they are signed.
 */
export class ClientLimits {
  private readonly logger = new Logger('ClientLimits');
  private readonly requests: RateLimiter | null;
  private readonly refusals: RateLimiter | null;
  private unrecorded = 0;
  private warnedAtMs = -Infinity;

  constructor(private readonly settings: ClientLimitSettings) {
    const { publicRatePerSecond, refusalsPerSecond } = settings;
    this.requests = publicRatePerSecond > 0 ? new RateLimiter(publicRatePerSecond) : null;
    this.refusals = refusalsPerSecond > 0 ? new RateLimiter(refusalsPerSecond) : null;
  }

  /** Before a public route is served. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    const { limit } = request.routeOptions.config;
    if (limit === undefined) return;
    const client = this.clientOf(request);
    const allowance = limit === 'refusals' ? this.refusals?.look(client) : this.requests?.take(client);
    if (allowance === undefined) return;
    tell(reply, allowance);
    if (allowance.isAllowed) return;
    if (limit !== 'recorded') throw tooMany(allowance);
    request.isOverLimit = true;
    this.warnOfUnrecorded();
  }

  /** Instead of a refusal, once there were too many of them. */
  countRefusal(request: FastifyRequest, reply: FastifyReply): void {
    const allowance = this.refusals?.take(this.clientOf(request));
    if (allowance === undefined) return;
    tell(reply, allowance);
    if (!allowance.isAllowed) throw tooMany(allowance);
  }

  /** After the answer of a public route, which may have been a refusal. */
  settle(request: FastifyRequest, { statusCode }: FastifyReply): void {
    const isRefusal = statusCode >= 400 && statusCode < 500 && statusCode !== 429;
    if (request.routeOptions.config.limit === 'refusals' && isRefusal) this.refusals?.take(this.clientOf(request));
  }

  private warnOfUnrecorded(): void {
    this.unrecorded += 1;
    const nowMs = performance.now();
    if (nowMs - this.warnedAtMs < WARNING_INTERVAL_MS) return;
    this.logger.warn(
      `one address asks for more pixels or links than PUBLIC_RATE_PER_SECOND: ${this.unrecorded} were answered and not recorded. ` +
        'TRUSTED_PROXIES says how addresses are told apart',
    );
    this.warnedAtMs = nowMs;
    this.unrecorded = 0;
  }

  private clientOf(request: FastifyRequest): string {
    return networkOf(clientAddress(request, this.settings.trustedProxies));
  }
}

function tell(reply: FastifyReply, { limit, remaining, resetSeconds }: Allowance): void {
  void reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetSeconds });
}

function tooMany({ retryAfterSeconds }: Allowance): AppError {
  return new AppError('too_many_requests', 'Too much has come from your address.', { retryAfterSeconds });
}
