import { Injectable } from '@nestjs/common';
import { encodeCursor } from '../http/page.query.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { BatchesRepository } from '../messages/batches.repository.js';
import { FinishForecast } from './finish-forecast.js';
import type { SentCountDto } from './dto/sent-count.dto.js';
import type { StoppedTopicDto } from './dto/stopped-topic.dto.js';
import type { TopicListDto } from './dto/topic-list.dto.js';
import type { TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import { type TopicTimelineDto, timelineDto } from './dto/topic-timeline.dto.js';
import type { Period } from './timeline.js';
import { topicStatistics } from './topic-statistics.js';
import { type TopicsCursor, TopicsRepository } from './topics.repository.js';

@Injectable()
export class TopicsService {
  constructor(
    private readonly topics: TopicsRepository,
    private readonly batches: BatchesRepository,
    private readonly ledger: LedgerService,
    private readonly forecast: FinishForecast,
  ) {}

  async statistics(topicId: string): Promise<TopicStatisticsDto> {
    const counts = await this.topics.counts(topicId);
    const finishes = await this.forecast.finishOf([{ ...counts, topicId }]);
    return topicStatistics(topicId, counts, finishes.get(topicId));
  }

  async list(after: TopicsCursor | null, limit: number): Promise<TopicListDto> {
    const topics = await this.topics.list(after, limit + 1);
    const page = topics.slice(0, limit);
    const finishes = await this.forecast.finishOf(page);
    return {
      data: page.map((topic) => ({
        ...topicStatistics(topic.topicId, topic, finishes.get(topic.topicId)),
        last_activity_at: topic.lastActivityAt,
      })),
      next_cursor:
        topics.length > limit ? encodeCursor([page[limit - 1].cursor.activityUs, page[limit - 1].topicId]) : null,
    };
  }

  async timeline(topicId: string, period: Period): Promise<TopicTimelineDto> {
    return timelineDto(period, await this.topics.timeline(topicId, period));
  }

  /**
   * Stops what was accepted up to now. What is pending stops here; a batch that a dispatcher holds at this moment is
   * stopped by its next claim or, once published, by the sender.
   */
  stop(topicId: string): Promise<StoppedTopicDto> {
    return this.topics.transaction(async (transaction) => {
      await this.topics.stop(transaction, topicId);
      const stopped = await this.batches.stopPending(transaction, topicId);
      await this.ledger.move(transaction, [{ topicId, from: 'pending', to: 'stopped', count: stopped }]);
      const { states } = await this.topics.counts(topicId, transaction);
      return { stopped, in_flight: states.pending + states.dispatched + states.sending };
    });
  }

  async countDispatched(hours: number): Promise<SentCountDto> {
    const { since, count } = await this.topics.countDispatched(hours);
    return { count, hours, since };
  }
}
