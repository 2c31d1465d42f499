import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { TopicIdParam } from '../http/params.dto.js';
import { StoppedTopicDto } from './dto/stopped-topic.dto.js';
import { TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import { TopicsService } from './topics.service.js';

@ApiTags('topics')
@Controller('v1/topics')
export class TopicsController {
  constructor(private readonly topics: TopicsService) {}

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
