import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { ApiKey } from '../http/api-key.verifier.js';
import { type Idempotency, IdempotencyKey } from '../http/idempotency.decorator.js';
import { Key } from '../http/key.decorator.js';
import { IdParam } from '../http/params.dto.js';
import { Prefer, type Preferences } from '../http/prefer.js';
import { BodyLimit, ShedsLoad } from '../http/route-config.js';
import { AppError } from '../runtime/errors.js';
import { CreatedMessagesDto } from './dto/created-messages.dto.js';
import { type CreateMessageDto, CreateMessagesDto } from './dto/create-messages.dto.js';
import { DryRunDto } from './dto/dry-run.dto.js';
import { MessageDto, messageDto } from './dto/message.dto.js';
import { SubmissionQuery } from './dto/submission.query.js';
import { DryRunService } from './dry-run.service.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService, type SubmittedMessage } from './messages.service.js';
import { SubmissionCheck } from './submission-check.js';

@ApiTags('messages')
@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly service: MessagesService,
    private readonly messages: MessagesRepository,
    private readonly dryRun: DryRunService,
    private readonly check: SubmissionCheck,
  ) {}

  @Post()
  @HttpCode(200)
  @BodyLimit('max')
  @ShedsLoad()
  @ApiOperation({ summary: 'Store a submission durably; answered after its commit' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'A repeat within 24 h gets the stored answer.' })
  @ApiHeader({ name: 'Prefer', required: false, description: '`handling=lenient`, `return=representation`' })
  @ApiExtraModels(CreatedMessagesDto, DryRunDto)
  @ApiOkResponse({
    description: 'What was stored; with `dry_run=true` what would be.',
    schema: { oneOf: [CreatedMessagesDto, DryRunDto].map((type) => ({ $ref: getSchemaPath(type) })) },
  })
  async create(
    @Body() body: CreateMessagesDto,
    @Query() { dry_run }: SubmissionQuery,
    @Key() key: ApiKey,
    @Prefer() prefer: Preferences,
    @IdempotencyKey() idempotency: Idempotency | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (prefer.lenient) reply.header('Preference-Applied', 'handling=lenient');
    const messages = this.check.check(body.messages.map(submittedMessage), prefer.lenient);
    if (dry_run) {
      await reply.send(await this.dryRun.examine(messages, prefer.representation));
      return;
    }
    const result = await this.service.submit({
      apiKey: key.name,
      messages,
      listsIds: prefer.representation,
      idempotency,
    });
    if (result.isReplay) reply.header('Idempotent-Replayed', 'true');
    await reply.type('application/json; charset=utf-8').send(result.body);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A message with its counts by state' })
  @ApiOkResponse({ type: MessageDto })
  async find(@Param() { id }: IdParam): Promise<MessageDto> {
    const message = await this.messages.find(id);
    if (!message) throw new AppError('not_found', 'There is no message with this id.');
    return messageDto(message, await this.messages.countStates(message));
  }
}

function submittedMessage(message: CreateMessageDto): SubmittedMessage {
  return {
    topicId: message.topic_id,
    subject: message.subject,
    content: message.content,
    text: message.text,
    fromEmail: message.from,
    replyTo: message.reply_to,
    headers: message.headers,
    tags: message.tags,
    variables: message.variables,
    unsubscribe: message.unsubscribe ?? false,
    scheduledAt: message.scheduled_at,
    expiresAt: message.expires_at,
    trackOpens: message.track_opens,
    trackClicks: message.track_clicks,
    recipients: message.emails,
  };
}
