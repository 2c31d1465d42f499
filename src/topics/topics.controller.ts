import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TopicIdParam } from '../http/params.dto.js';
import { StoppedTopicDto } from './dto/stopped-topic.dto.js';
import { TimelineQuery } from './dto/timeline.query.js';
import { TopicListDto } from './dto/topic-list.dto.js';
import { TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import { TopicTimelineDto } from './dto/topic-timeline.dto.js';
import { TopicsQuery } from './dto/topics.query.js';
import { periodOf } from './timeline.js';
import { TopicsService } from './topics.service.js';

@ApiTags('topics')
@Controller('v1/topics')
export class TopicsController {
  constructor(private readonly topics: TopicsService) {}

  @Get()
  @ApiOperation({ summary: 'Topics with their statistics, newest activity first' })
  @ApiOkResponse({ type: TopicListDto })
  list(@Query() { cursor, limit }: TopicsQuery): Promise<TopicListDto> {
    const after = cursor && { activityUs: cursor[0], topicId: cursor[1] };
    return this.topics.list(after, limit);
  }

  @Get(':topic_id/timeline')
  @ApiOperation({ summary: "A topic's counts over time, in UTC; at most 2,000 buckets" })
  @ApiOkResponse({ type: TopicTimelineDto })
  timeline(
    @Param() { topic_id }: TopicIdParam,
    @Query() { interval, from, to }: TimelineQuery,
  ): Promise<TopicTimelineDto> {
    return this.topics.timeline(topic_id, periodOf(interval, from, to));
  }

  @Get(':topic_id')
  @ApiOperation({ summary: "A topic's statistics; zeros for a topic that was never used" })
  @ApiOkResponse({ type: TopicStatisticsDto })
  statistics(@Param() { topic_id }: TopicIdParam): Promise<TopicStatisticsDto> {
    return this.topics.statistics(topic_id);
  }

  @Delete(':topic_id')
  @ApiOperation({ summary: 'Stop what is pending of a topic; later submissions to it are new' })
  @ApiOkResponse({ type: StoppedTopicDto })
  stop(@Param() { topic_id }: TopicIdParam): Promise<StoppedTopicDto> {
    return this.topics.stop(topic_id);
  }
}
