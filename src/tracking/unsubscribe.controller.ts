import { applyDecorators, Controller, Get, HttpCode, Logger, Param, Post, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { translateDatabaseError } from '../database/translate-error.js';
import { FORM_TYPES, FormBody } from '../http/form-body.js';
import { Public } from '../http/public.decorator.js';
import { BodyLimit, Limited, TakesForm } from '../http/route-config.js';
import { AppError } from '../runtime/errors.js';
import { confirmationPage, donePage, invalidPage, PAGE_HEADERS, unavailablePage } from './unsubscribe-page.js';
import { UnsubscribeService, type Subscription } from './unsubscribe.service.js';

const MAX_BODY_BYTES = 4 * 1024;
const RETRY_AFTER_SECONDS = 60;

const TOKEN = {
  name: 'token',
  description: 'The id of an email and its signature, from the links and the header `List-Unsubscribe` of that email.',
  schema: { type: 'string' as const, example: '00000000-0000-7000-8000-000000000000.AAAAAAAAAAAAAAAAAAAAAA' },
};

/** Pages for people, all of them HTML. */
function ApiPages(pages: Record<number, string>): MethodDecorator {
  const content = { 'text/html': { schema: { type: 'string' as const } } };
  return applyDecorators(
    ApiParam(TOKEN),
    ...Object.entries({ ...pages, 404: 'A link that we did not sign', 503: 'Nothing was changed; try again' }).map(
      ([status, description]) => ApiResponse({ status: Number(status), description, content }),
    ),
  );
}

/** RFC 8058. Scanners follow every link of a mail: only a POST changes anything, and it needs nothing but the link. */
@ApiTags('tracking')
@Controller('v1/unsubscribe')
export class UnsubscribeController {
  private readonly logger = new Logger(UnsubscribeController.name);

  constructor(private readonly service: UnsubscribeService) {}

  @Get(':token')
  @Public()
  @Limited('requests')
  @ApiOperation({ summary: 'A page that asks whether to unsubscribe; changes nothing' })
  @ApiPages({ 200: 'A page with one button, which posts to the same address' })
  async show(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(token, reply, ({ address, topicId }) =>
      Promise.resolve(confirmationPage(address, topicId !== '')),
    );
  }

  @Post(':token')
  @HttpCode(200)
  @Public()
  @Limited('requests')
  @TakesForm()
  @BodyLimit(MAX_BODY_BYTES)
  @ApiOperation({
    summary: 'Unsubscribe with one click (RFC 8058)',
    description:
      "Mail of the email's topic is no longer sent to its address; with `scope=all`, and for mail without a topic, no mail at all. Nothing of the body is needed.",
  })
  @ApiConsumes(...FORM_TYPES)
  @ApiBody({
    required: false,
    schema: {
      type: 'object',
      properties: {
        'List-Unsubscribe': { type: 'string', example: 'One-Click' },
        scope: { type: 'string', enum: ['all'] },
      },
    },
  })
  @ApiPages({ 200: 'Done, or done before' })
  async unsubscribe(
    @Param('token') token: string,
    @FormBody() form: URLSearchParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.answer(token, reply, async (subscription) => {
      const isFromAll = subscription.topicId === '' || form.get('scope') === 'all';
      await this.service.unsubscribe(subscription, isFromAll);
      return donePage(subscription.address, isFromAll);
    });
  }

  private async answer(
    token: string,
    reply: FastifyReply,
    pageFor: (subscription: Subscription) => Promise<string>,
  ): Promise<void> {
    reply.headers(PAGE_HEADERS);
    try {
      const subscription = await this.service.find(token);
      if (subscription === null) await reply.code(404).send(invalidPage());
      else await reply.code(200).send(await pageFor(subscription));
    } catch (error) {
      const unavailable = error instanceof AppError ? error : translateDatabaseError(error);
      if (unavailable === undefined) throw error;
      this.logger.warn(`an unsubscription was answered ${unavailable.code}: ${unavailable.cause ?? ''}`);
      await reply.code(503).header('retry-after', String(RETRY_AFTER_SECONDS)).send(unavailablePage());
    }
  }
}
