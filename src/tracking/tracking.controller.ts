import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { clickToken, isToken, openToken } from '../contracts/tokens.js';
import { webUrl } from '../contracts/web-url.js';
import { Public } from '../http/public.decorator.js';
import { Limited } from '../http/route-config.js';
import { AppError } from '../runtime/errors.js';
import { emailIdOf, parameterOf } from './fetch.js';
import { FetchRecorder } from './fetch-recorder.js';
import { PIXEL_IMAGE, PIXEL_MEDIA_TYPE } from './pixel-image.js';

const SIGNATURE = { name: 's', schema: { type: 'string' as const }, description: 'The signature of our links.' };

/**
 * What mails ask for. Queries are read as they come and not through a DTO: nobody is there to read a 400. A HEAD, which
 * only programs send, is answered alike and records nothing.
 */
@ApiTags('tracking')
@Controller('v1/events')
export class TrackingController {
  constructor(
    private readonly recorder: FetchRecorder,
    @Inject(trackingConfig.KEY) private readonly config: TrackingConfig,
  ) {}

  @Get('open')
  @Public()
  @Limited('recorded')
  @ApiOperation({ summary: 'The pixel: always an image; records Open where it names an email and is not forged' })
  @ApiQuery({ name: 'requestId', required: false, schema: { type: 'string' }, description: 'The id of the email.' })
  @ApiQuery({ ...SIGNATURE, required: false })
  @ApiProduces(PIXEL_MEDIA_TYPE)
  @ApiOkResponse({ description: 'One transparent pixel', schema: { type: 'string', format: 'binary' } })
  async open(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const emailId = emailIdOf(request);
    const proof = emailId === null ? 'false' : this.proofOf(request, emailId);
    if (isToBeRecorded(request) && emailId !== null && proof !== 'false') {
      await this.recorder.record({ type: 'Open', emailId, link: null, isForgeable: proof === 'none' }, request);
    }
    await reply.header('cache-control', 'no-store').type(PIXEL_MEDIA_TYPE).send(PIXEL_IMAGE);
  }

  @Get('click')
  @Public()
  @Limited('recorded')
  @ApiOperation({ summary: 'A link of a mail: leads to what was signed, and nowhere else; records Click' })
  @ApiQuery({ name: 'requestId', schema: { type: 'string' }, description: 'The id of the email.' })
  @ApiQuery({ name: 'url', schema: { type: 'string' }, description: 'Where the link leads.' })
  @ApiQuery(SIGNATURE)
  @ApiResponse({
    status: 302,
    description: 'On to the page',
    headers: { location: { schema: { type: 'string', format: 'uri' } } },
  })
  async click(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const emailId = emailIdOf(request);
    const url = parameterOf(request, 'url');
    const location = url === null ? null : webUrl(url);
    if (emailId === null || url === null || location === null || !this.isSigned(request, emailId, url)) {
      throw new AppError('link_invalid', 'This address was not signed by us, or it was changed.');
    }
    if (isToBeRecorded(request)) {
      await this.recorder.record({ type: 'Click', emailId, link: url, isForgeable: false }, request);
    }
    await reply.code(302).headers({ 'cache-control': 'no-store', location }).send();
  }

  /** Without a secret nothing can be checked, and without a signature it is an old link: both count. */
  private proofOf({ query }: FastifyRequest, emailId: string): 'signed' | 'none' | 'false' {
    const given = (query as Readonly<Record<string, unknown>>).s;
    if (this.config.secret === null || given === undefined) return 'none';
    if (typeof given !== 'string') return 'false';
    return isToken(given, openToken(this.config.secret, emailId)) ? 'signed' : 'false';
  }

  private isSigned(request: FastifyRequest, emailId: string, url: string): boolean {
    const given = parameterOf(request, 's');
    if (this.config.secret === null || given === null) return false;
    return isToken(given, clickToken(this.config.secret, emailId, url));
  }
}

function isToBeRecorded({ method, isOverLimit }: FastifyRequest): boolean {
  return method !== 'HEAD' && !isOverLimit;
}
