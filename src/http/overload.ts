import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { AppError } from '../runtime/errors.js';
import { problemHeaders, problemOf } from './problem.js';

/** More than keep a gateway busy, so whatever comes on top only waits; and a burst that is served within half a second. */
const MOST_IN_HAND = 2_000;
/** One with an Idempotency-Key has a connection and a transaction of its own: an eighth as many can be stored. */
const WEIGHT_OF_KEYED = 8;

/** By then all that was in hand is answered. */
const RETRY_AFTER_SECONDS = 1;

/** An overload must not fill the log. */
const WARNING_INTERVAL_MS = 60_000;

/**
 * Refuses what would only wait. Once so many requests of the routes that shed load are in their handlers, another is
 * answered 503 before its body is read, for a fraction of what serving it costs: what is in hand ends as soon as ever.
 */
export class Overload {
  private readonly logger = new Logger('Overload');
  private inHand = 0;
  private refused = 0;
  private warnedAtMs = -Infinity;

  constructor(private readonly most = MOST_IN_HAND) {}

  /** Counts from the handler on: a client that trickles its body holds up nobody. */
  shed(route: RouteOptions): void {
    const { handler } = route;
    const count = (change: number) => (this.inHand += change);
    route.handler = async function (request, reply): Promise<unknown> {
      const weight = request.headers['idempotency-key'] === undefined ? 1 : WEIGHT_OF_KEYED;
      count(weight);
      try {
        return await handler.call(this, request, reply);
      } finally {
        count(-weight);
      }
    };
    route.onRequest = (request, reply, done) => {
      if (this.inHand < this.most) return done();
      this.warn();
      // By the next turn a small body is there, and its connection can go on; of a larger one nothing is waited for.
      setImmediate(() => refuse(request, reply));
    };
  }

  private warn(): void {
    this.refused += 1;
    const nowMs = performance.now();
    if (nowMs - this.warnedAtMs < WARNING_INTERVAL_MS) return;
    this.logger.warn(`too much is submitted at once: ${this.refused} submissions were answered 503`);
    this.warnedAtMs = nowMs;
    this.refused = 0;
  }
}

/** Made once: that of a stack trace is a tenth of what a refusal costs. */
const OVERLOADED = new AppError(
  'overloaded',
  'More is being submitted than this gateway keeps up with; nothing was stored. Try again.',
  { retryAfterSeconds: RETRY_AFTER_SECONDS },
);

function refuse({ id }: FastifyRequest, reply: FastifyReply): void {
  void reply.code(OVERLOADED.status).headers(problemHeaders(OVERLOADED, id)).send(problemOf(OVERLOADED, id));
}
