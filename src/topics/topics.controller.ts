import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TopicIdParam } from '../http/params.dto.js';
import { RetriedTopicDto, RetryTopicDto } from './dto/retry-topic.dto.js';
import { StoppedTopicDto } from './dto/stopped-topic.dto.js';
import { TimelineQuery } from './dto/timeline.query.js';
import { TopicListDto } from './dto/topic-list.dto.js';
import { TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import { TopicTimelineDto } from './dto/topic-timeline.dto.js';
import { TopicsQuery } from './dto/topics.query.js';
import { periodOf } from './timeline.js';
import { TopicControlService } from './topic-control.service.js';
import { TopicsService } from './topics.service.js';

@ApiTags('topics')
@Controller('v1/topics')
export class TopicsController {
  constructor(
    private readonly topics: TopicsService,
    private readonly control: TopicControlService,
  ) {}

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

  @Post(':topic_id/pause')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Hold the mail of a topic; what it is sent meanwhile is accepted and held too',
    description:
      'What a sender has in its hands still goes; an external one sends what is in the stream. A topic that is paused stays as it is.',
  })
  @ApiOkResponse({ type: TopicStatisticsDto })
  async pause(@Param() { topic_id }: TopicIdParam): Promise<TopicStatisticsDto> {
    await this.control.pause(topic_id);
    return this.topics.statistics(topic_id);
  }

  @Post(':topic_id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Release what a topic holds; scheduled mail keeps its schedule' })
  @ApiOkResponse({ type: TopicStatisticsDto })
  async resume(@Param() { topic_id }: TopicIdParam): Promise<TopicStatisticsDto> {
    await this.control.resume(topic_id);
    return this.topics.statistics(topic_id);
  }

  @Post(':topic_id/retry')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send exactly those emails of a topic again that are in the given states',
    description:
      'Each email at most once per call; those that expired do not expire again, and those that are suppressed by now are suppressed.',
  })
  @ApiOkResponse({ type: RetriedTopicDto })
  async retry(@Param() { topic_id }: TopicIdParam, @Body() { states }: RetryTopicDto): Promise<RetriedTopicDto> {
    return { retried: await this.control.retry(topic_id, states) };
  }

  @Delete(':topic_id')
  @ApiOperation({ summary: 'Stop what is pending of a topic; later submissions to it are new' })
  @ApiOkResponse({ type: StoppedTopicDto })
  stop(@Param() { topic_id }: TopicIdParam): Promise<StoppedTopicDto> {
    return this.topics.stop(topic_id);
  }
}
