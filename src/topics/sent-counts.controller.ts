import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HoursQuery } from '../http/params.dto.js';
import { SentCountDto } from './dto/sent-count.dto.js';
import { TopicsService } from './topics.service.js';

@ApiTags('events')
@Controller('v1/events/counts')
export class SentCountsController {
  constructor(private readonly topics: TopicsService) {}

  @Get('sent')
  @ApiOperation({ summary: 'How many emails were dispatched for the first time in the last hours, to the minute' })
  @ApiOkResponse({ type: SentCountDto })
  sent(@Query() { hours }: HoursQuery): Promise<SentCountDto> {
    return this.topics.countDispatched(hours);
  }
}
