import { ApiProperty } from '@nestjs/swagger';
import { TopicStatisticsDto } from './topic-statistics.dto.js';

export class ListedTopicDto extends TopicStatisticsDto {
  /** When a count of the topic last changed. */
  last_activity_at: Date;
}

export class TopicListDto {
  @ApiProperty({ type: [ListedTopicDto] })
  data: ListedTopicDto[];

  /** For the next page; null on the last one. */
  @ApiProperty({ type: 'string', nullable: true })
  next_cursor: string | null;
}
