import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import type { ApiKey } from '../http/api-key.verifier.js';
import { CsvBody } from '../http/csv-body.js';
import { Key } from '../http/key.decorator.js';
import { BodyLimit, TakesCsv } from '../http/route-config.js';
import { AddedSuppressionsDto, ReleasedSuppressionsDto } from './dto/changed-suppressions.dto.js';
import { AddressParam, AddSuppressionsDto, ReleaseSuppressionsDto, ScopeQuery } from './dto/change-suppressions.dto.js';
import { SuppressionsDto, suppressionsDto } from './dto/suppression.dto.js';
import { SuppressionsQuery } from './dto/suppressions.query.js';
import { prefersCsv, SuppressionsExport } from './suppressions-export.js';
import { SuppressionsImport } from './suppressions-import.js';
import { SuppressionsRepository } from './suppressions.repository.js';

const CSV_EXAMPLE = 'address,reason,topic_id\r\nuser@example.com,unsubscribe,newsletter-2024\r\n';

@ApiTags('suppressions')
@Controller('v1/suppressions')
export class SuppressionsController {
  constructor(
    private readonly suppressions: SuppressionsRepository,
    private readonly exporter: SuppressionsExport,
    private readonly importer: SuppressionsImport,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The addresses that nothing is sent to, newest first; all of them as CSV' })
  @ApiExtraModels(SuppressionsDto)
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(SuppressionsDto) } },
      'text/csv': {
        schema: {
          type: 'string',
          example: 'address,reason,source,created_at,topic_id\r\nuser@example.com,manual,default,…,',
        },
      },
    },
  })
  async list(
    @Query() query: SuppressionsQuery,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { cursor, limit, format } = query;
    reply.header('vary', 'accept');
    if (format === 'csv' || (format === null && prefersCsv(accept))) {
      reply.header('content-disposition', 'attachment; filename="suppressions.csv"');
      await reply.type('text/csv; charset=utf-8').send(Readable.from(this.exporter.lines(query, cursor)));
      return;
    }
    await reply.send(suppressionsDto(await this.suppressions.page(query, cursor, limit + 1), limit));
  }

  @Post()
  @HttpCode(200)
  @TakesCsv()
  @BodyLimit('max')
  @ApiOperation({
    summary: 'Suppress addresses',
    description:
      'As JSON up to 10,000, all or none. As CSV any number, read line by line: a header line `address,reason,topic_id` may come first and may name further columns; without the column `topic_id` it is all mail; lines that cannot be read are left out and listed.',
  })
  @ApiConsumes('application/json', 'text/csv')
  @ApiExtraModels(AddSuppressionsDto)
  @ApiBody({
    schema: {
      oneOf: [{ $ref: getSchemaPath(AddSuppressionsDto) }, { type: 'string', example: CSV_EXAMPLE }],
      example: { addresses: ['user@example.com', { address: 'other@example.com', reason: 'complaint' }] },
    },
  })
  @ApiOkResponse({ type: AddedSuppressionsDto })
  async add(
    @Body() body: AddSuppressionsDto,
    @CsvBody() csv: AsyncIterable<Buffer> | null,
    @Key() { name }: ApiKey,
  ): Promise<AddedSuppressionsDto> {
    if (csv !== null) return this.importer.run(csv, name);
    const added = await this.suppressions.suppress(body.addresses.map((entry) => ({ ...entry, source: name })));
    return { added, already: body.addresses.length - added, rejected: [], rejected_count: 0 };
  }

  @Delete(':address')
  @ApiOperation({
    summary: 'Release an address: mail may be sent to it again; what is suppressed for one topic needs its name',
  })
  @ApiOkResponse({ type: ReleasedSuppressionsDto })
  async releaseOne(
    @Param() { address }: AddressParam,
    @Query() { topic_id: topicId }: ScopeQuery,
  ): Promise<ReleasedSuppressionsDto> {
    return { removed: await this.suppressions.release([{ address, topicId }]) };
  }

  @Delete()
  @BodyLimit('max')
  @ApiOperation({ summary: 'Release up to 10,000 addresses' })
  @ApiOkResponse({ type: ReleasedSuppressionsDto })
  async release(@Body() { addresses }: ReleaseSuppressionsDto): Promise<ReleasedSuppressionsDto> {
    return { removed: await this.suppressions.release(addresses) };
  }
}
