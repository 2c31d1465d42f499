import { Inject, Injectable } from '@nestjs/common';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { LimitsRepository, type LimitsStatus } from '../limits/limits.repository.js';
import { BacklogRepository, type Finish } from '../messages/backlog.repository.js';
import type { TopicCounts } from './topics.repository.js';

const DAY_MS = 86_400_000;

/**
 * When a topic's mail will have been sent, by what waits before it, the rate and the quota. Nobody knows it where
 * another sender sends, or where no rate is known; and a paused topic has no end.
 */
@Injectable()
export class FinishForecast {
  constructor(
    @Inject(natsConfig.KEY) private readonly nats: NatsConfig,
    private readonly backlog: BacklogRepository,
    private readonly limits: LimitsRepository,
  ) {}

  /** Of those topics that wait for something and whose end can be told. */
  async finishOf(
    counts: readonly (Pick<TopicCounts, 'states' | 'pausedAt'> & { topicId: string })[],
  ): Promise<Map<string, Date>> {
    const waiting = counts.filter(
      ({ states, pausedAt }) => pausedAt === null && states.pending + states.dispatched + states.sending > 0,
    );
    if (waiting.length === 0 || this.nats.externalSender) return new Map();
    const status = await this.limits.status();
    if (status.rate === null || !status.isSendingEnabled) return new Map();
    const inFlight = new Map(waiting.map(({ topicId, states }) => [topicId, states.dispatched + states.sending]));
    const finishes = await this.backlog.finishTimes(inFlight, status.rate);
    const nowMs = Date.now();
    return new Map(
      await Promise.all(
        [...finishes].map(async ([topicId, finish]): Promise<[string, Date]> => {
          const ofQuotaMs = await this.quotaMs(finish, status, nowMs);
          return [topicId, new Date(Math.max(nowMs + finish.seconds * 1_000, ofQuotaMs))];
        }),
      ),
    );
  }

  /**
   * When the quota allows so many: what is missing comes back as what was sent becomes a day old. Beyond what we know to
   * have sent, a day's quota a day is assumed.
   */
  private async quotaMs({ emails }: Finish, { leftToday, quota }: LimitsStatus, nowMs: number): Promise<number> {
    if (leftToday === null || quota === null || emails <= leftToday) return nowMs;
    const missing = emails - leftToday;
    const returned = await this.limits.quotaReturn(missing);
    return returned?.getTime() ?? nowMs + DAY_MS * Math.max(1, missing / Math.max(1, quota));
  }
}
