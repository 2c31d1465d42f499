import { Inject, Injectable, Logger } from '@nestjs/common';
import { eventsConfig, type EventsConfig } from '../config/events.config.js';
import { EMPTY_TOPIC } from '../contracts/topic-id.js';
import { messageOf } from '../runtime/message-of.js';
import { PausesRepository, type Since } from '../topics/pauses.repository.js';

/** Fewer say nothing: one complaint of a hundred mails is a person, not a list. */
const MINIMUM_SENT = { bounces: 100, complaints: 1_000 };
const ALARM_INTERVAL_MS = 300_000;

/**
 * Pauses a topic whose mail bounces or is complained about too often, before the provider pauses the account. Judged
 * after each commit that brought a Bounce or a Complaint, on what came since the topic was last resumed. The empty
 * topic is never paused, for it carries password resets: there it only alarms.
 */
@Injectable()
export class BreakerService {
  private readonly logger = new Logger('Breaker');
  private readonly wanted = new Set<string>();
  private isJudging = false;
  private alarmedAtMs = -Infinity;

  constructor(
    @Inject(eventsConfig.KEY) private readonly config: EventsConfig,
    private readonly pauses: PausesRepository,
  ) {}

  /** Judges topics soon; those that wait for it already are judged once. */
  judge(topicIds: Iterable<string>): void {
    if (this.config.breakerBouncePercent === 0 && this.config.breakerComplaintPercent === 0) return;
    for (const topicId of topicIds) this.wanted.add(topicId);
    if (!this.isJudging) void this.judgeAll();
  }

  private async judgeAll(): Promise<void> {
    this.isJudging = true;
    for (const topicId of this.wanted) {
      this.wanted.delete(topicId);
      await this.judgeOne(topicId).catch((error: unknown) => {
        // The next bounce is judged again.
        this.logger.error(`cannot judge topic "${topicId}": ${messageOf(error)}`);
      });
    }
    this.isJudging = false;
  }

  private async judgeOne(topicId: string): Promise<void> {
    const since = await this.pauses.sinceResume(topicId);
    const reason = this.reasonOf(since);
    if (reason === false || since.isPaused) return;
    if (topicId === EMPTY_TOPIC) return this.alarm(reason);
    const isPaused = await this.pauses.pause(topicId, (since) => this.reasonOf(since));
    if (isPaused) this.logger.warn(`topic "${topicId}" is paused: ${reason}`);
  }

  private alarm(reason: string): void {
    const nowMs = performance.now();
    if (nowMs - this.alarmedAtMs < ALARM_INTERVAL_MS) return;
    this.alarmedAtMs = nowMs;
    this.logger.error(`mail without a topic, which is never paused: ${reason}`);
  }

  /** False where nothing is wrong. */
  private reasonOf({ sent, bounced, complained }: Since): string | false {
    const { breakerBouncePercent, breakerComplaintPercent } = this.config;
    return (
      (sent >= MINIMUM_SENT.bounces && excess('bounces', bounced, sent, breakerBouncePercent)) ||
      (sent >= MINIMUM_SENT.complaints && excess('complaints', complained, sent, breakerComplaintPercent))
    );
  }
}

function excess(what: string, count: number, sent: number, limit: number): string | false {
  const percent = (count / sent) * 100;
  if (limit === 0 || percent <= limit) return false;
  return `${what} ${percent.toFixed(what === 'bounces' ? 1 : 2)} % of ${sent} sent, above ${limit} %`;
}
