import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto.js';
import { PROBLEM_MEDIA_TYPE } from './problem.js';
import { PUBLIC_OPERATION } from './public.decorator.js';

const UI_PATH = 'docs';
const JSON_PATH = 'openapi.json';
const KEY_SCHEME = 'x-api-key';

const HOUR_MS = 3_600_000;

/** Whether a route serves the documents; Swagger adds its routes itself, without our decorators. */
export function isDocumentPath(url: string): boolean {
  return url === `/${JSON_PATH}` || url === `/${UI_PATH}` || url.startsWith(`/${UI_PATH}/`);
}

/** Swagger UI at /docs and the OpenAPI document, built when first asked for. */
export function serveDocuments(app: NestFastifyApplication): void {
  SwaggerModule.setup(UI_PATH, app, () => createDocument(app), {
    jsonDocumentUrl: JSON_PATH,
    raw: ['json'],
    patchDocumentOnRequest: (_request, _response, document) => withCurrentExamples(document),
    swaggerOptions: { persistAuthorization: true },
  });
}

export function createDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Messages API gateway')
    .setDescription('Submit emails for your own SES account or SMTP server, and follow each of them.')
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, KEY_SCHEME)
    .addSecurityRequirements(KEY_SCHEME)
    .build();
  return finishOperations(SwaggerModule.createDocument(app, config, { extraModels: [ProblemDto] }));
}

/**
 * Every operation may answer with a problem, and asks for the key unless it is public. What Terminus says of its 503 is
 * not what leaves the problem filter; a page for people is.
 */
function finishOperations(document: OpenAPIObject): OpenAPIObject {
  const [mediaType = ''] = PROBLEM_MEDIA_TYPE.split(';');
  const content = { [mediaType]: { schema: { $ref: `#/components/schemas/${ProblemDto.name}` } } };
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (operation === undefined) continue;
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || response === undefined || !('content' in response)) continue;
        if (!('text/html' in (response.content ?? {}))) response.content = content;
      }
      operation.responses['default'] ??= { description: 'A problem (RFC 9457)', content };
      if (PUBLIC_OPERATION in operation) {
        delete operation[PUBLIC_OPERATION];
        operation.security = [];
      }
    }
  }
  return document;
}

/** A fixed time would soon be one that we refuse: `scheduled_at` is shown as an hour from now. */
function withCurrentExamples(document: OpenAPIObject): OpenAPIObject {
  const schedule = `${new Date(Date.now() + HOUR_MS).toISOString().slice(0, 19)}Z`;
  const copy = structuredClone(document);
  for (const schema of Object.values(copy.components?.schemas ?? {})) {
    if (!('properties' in schema)) continue;
    const property = schema.properties?.['scheduled_at'];
    if (property !== undefined && !('$ref' in property)) property.example = schedule;
  }
  return copy;
}
