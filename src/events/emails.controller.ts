import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { encodeCursor } from '../http/page.query.js';
import { IdParam } from '../http/params.dto.js';
import { RescheduleEmailDto } from '../messages/dto/reschedule-email.dto.js';
import { EmailControlService } from '../messages/email-control.service.js';
import { EmailsRepository } from '../messages/emails.repository.js';
import { AppError } from '../runtime/errors.js';
import { EmailDto, EmailListDto, emailDto, listedEmailDto } from './dto/email.dto.js';
import { EmailsQuery } from './dto/emails.query.js';
import { EmailLogRepository } from './email-log.repository.js';
import { EventsRepository } from './events.repository.js';

@ApiTags('emails')
@Controller('v1/emails')
export class EmailsController {
  constructor(
    private readonly emails: EmailsRepository,
    private readonly control: EmailControlService,
    private readonly events: EventsRepository,
    private readonly log: EmailLogRepository,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'The log of emails, newest first',
    description:
      'A page may hold fewer emails than `limit`, or none, although more follow: it ends where enough was searched. ' +
      'The last page is the one whose `next_cursor` is null.',
  })
  @ApiOkResponse({ type: EmailListDto })
  async list(@Query() query: EmailsQuery): Promise<EmailListDto> {
    const { emails, next } = await this.log.page({
      topicId: query.topic_id,
      state: query.state,
      address: query.address,
      messageId: query.message_id,
      before: query.cursor && query.cursor[0],
      limit: query.limit,
    });
    return { data: emails.map(listedEmailDto), next_cursor: next && encodeCursor([next]) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One email: its state, and why, with its events' })
  @ApiOkResponse({ type: EmailDto })
  async find(@Param() { id }: IdParam): Promise<EmailDto> {
    const email = await this.emails.find(id);
    if (!email) throw new AppError('not_found', 'There is no email with this id.');
    return emailDto(email, await this.events.timeline(id));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Stop an email that is pending',
    description: '409 `not_pending` once it is not; 409 `being_dispatched`, with Retry-After, while that is decided.',
  })
  @ApiOkResponse({ type: EmailDto })
  async cancel(@Param() { id }: IdParam): Promise<EmailDto> {
    await this.control.cancel(id);
    return this.find({ id });
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Give an email that is pending another schedule',
    description: 'Refused as a cancellation is, and with 409 `too_late` if it would have expired by then.',
  })
  @ApiOkResponse({ type: EmailDto })
  async reschedule(@Param() { id }: IdParam, @Body() { scheduled_at }: RescheduleEmailDto): Promise<EmailDto> {
    await this.control.reschedule(id, scheduled_at);
    return this.find({ id });
  }
}
