import { Body, Controller, HttpCode, Logger, Post } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/public.decorator.js';
import { BodyLimit, Limited, RawBody } from '../http/route-config.js';
import { WebhookResultDto } from './dto/webhook-result.dto.js';
import { parseSesEvent } from './ses-event.parser.js';
import { SesEventSink } from './ses-event.sink.js';
import { readSnsMessage, type SnsNotification } from './sns-message.js';
import { SnsVerifier } from './sns-verifier.js';
import { SubscriptionConfirmer } from './subscription-confirmer.js';

/** SNS's messages have at most 256 KiB, and quotes in them are escaped once more. */
const MAX_MESSAGE_BYTES = 512 * 1024;

@ApiTags('events')
@Controller('v1/events')
export class WebhooksController {
  private readonly logger = new Logger(WebhooksController.name);

  constructor(
    private readonly verifier: SnsVerifier,
    private readonly confirmer: SubscriptionConfirmer,
    private readonly sink: SesEventSink,
  ) {}

  @Post('results')
  @HttpCode(200)
  @Public()
  @RawBody()
  @Limited('refusals')
  @BodyLimit(MAX_MESSAGE_BYTES)
  @ApiOperation({ summary: 'The SNS endpoint for events of SES; answered when they are stored' })
  @ApiConsumes('text/plain', 'application/json')
  @ApiBody({ description: 'An SNS message, signed by SNS', schema: { type: 'object', additionalProperties: true } })
  @ApiOkResponse({ type: WebhookResultDto })
  async receive(@Body() body: Buffer): Promise<WebhookResultDto> {
    const message = readSnsMessage(body);
    await this.verifier.verify(message);
    switch (message.Type) {
      case 'Notification':
        return { status: await this.record(message) };
      case 'SubscriptionConfirmation':
        return { status: (await this.confirmer.confirm(message)) ? 'confirmed' : 'ignored' };
      case 'UnsubscribeConfirmation':
        this.confirmer.alarm(message);
        return { status: 'ignored' };
    }
  }

  private async record({ Message, MessageId, Timestamp }: SnsNotification): Promise<'recorded' | 'ignored'> {
    const event = parseSesEvent(Message, new Date(Timestamp));
    if (!('ignored' in event)) return this.sink.record(event, MessageId);
    this.logger.debug(`SNS message ${MessageId} is ignored: ${event.ignored}`);
    return 'ignored';
  }
}
