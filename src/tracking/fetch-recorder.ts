import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import type { EmailEvent } from '../events/email-event.js';
import { EventsService } from '../events/events.service.js';
import { UnmatchedEventsService } from '../events/unmatched-events.service.js';
import { clientAddress } from '../http/client-address.js';
import { messageOf } from '../runtime/message-of.js';
import { eventOf, type Fetch } from './fetch.js';
import { RecentKeys } from './recent-keys.js';

/** How long whoever fetched waits for the commit of what they did. */
const COMMIT_WAIT_MS = 50;

/** A quarter of the room in EventsService: a flood of pixels must leave room for what the provider reports. */
const MAX_PENDING = 5_000;

/** A pixel is fetched again with every look at the mail; at 100 bytes each the last of them need a megabyte. */
const REMEMBERED_OPENS = 10_000;

const WARNING_INTERVAL_MS = 60_000;
const DRAIN_MS = 2_000;

/**
 * Records fetches without ever failing whoever fetched. What is answered after its commit survives any crash; what is
 * answered before is counted as `unconfirmed`, and what is never recorded as `lost`, and a warning a minute says so.
 */
@Injectable()
export class FetchRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Tracking');
  private readonly recorded = new RecentKeys(REMEMBERED_OPENS);
  private readonly pending = new Set<Promise<unknown>>();
  private unreported = 0;
  private warnedAtMs = -Infinity;

  /** Answered before their commit. */
  unconfirmed = 0;
  /** Not recorded, for want of a database or of room. */
  lost = 0;

  constructor(
    private readonly events: EventsService,
    private readonly unmatched: UnmatchedEventsService,
    @Inject(trackingConfig.KEY) private readonly config: TrackingConfig,
    @Inject(serverConfig.KEY) private readonly server: Pick<ServerConfig, 'trustedProxies'>,
  ) {}

  /** Resolves after the commit, or after 50 ms. Never rejects. */
  async record(fetch: Fetch, request: FastifyRequest): Promise<void> {
    const ip = this.config.storeClientDetails ? clientAddress(request, this.server.trustedProxies) : null;
    const event = eventOf(fetch, request, ip);
    const key = fetch.type === 'Open' ? `${event.emailId} ${event.isMachine} ${fetch.isForgeable}` : null;
    if (key !== null && this.recorded.has(key)) return;
    if (this.pending.size >= MAX_PENDING) return this.lose('too many at once');
    const recording = this.store(event, key);
    this.pending.add(recording);
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        this.unconfirmed++;
        resolve();
      }, COMMIT_WAIT_MS);
      void recording.then(() => {
        this.pending.delete(recording);
        clearTimeout(late);
        resolve();
      });
    });
  }

  /** What was answered before its commit is committed before we end, if the database lets us. */
  async beforeApplicationShutdown(): Promise<void> {
    const done = Promise.all(this.pending);
    await Promise.race([done, sleep(DRAIN_MS, undefined, { ref: false })]);
  }

  private async store(event: EmailEvent, key: string | null): Promise<void> {
    try {
      const result = await this.events.record(event);
      // Its mail was published a moment ago and the dispatcher has still to say so.
      if (result === 'busy') await this.unmatched.recordOrKeep(event);
      else if (result === 'recorded' && key !== null) this.recorded.add(key);
    } catch (error) {
      this.lose(messageOf(error));
    }
  }

  private lose(reason: string): void {
    this.lost++;
    this.unreported++;
    const nowMs = performance.now();
    if (nowMs - this.warnedAtMs < WARNING_INTERVAL_MS) return;
    this.logger.warn(`${this.unreported} opens or clicks were not recorded, the last for: ${reason}`);
    this.warnedAtMs = nowMs;
    this.unreported = 0;
  }
}
