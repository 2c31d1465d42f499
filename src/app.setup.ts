import { ShutdownSignal } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter } from './http/problem.filter.js';
import { ClientLimits, type ClientLimitSettings } from './http/client-limits.js';
import { addEdgeHooks } from './http/edge.hooks.js';
import { isDocumentPath, serveDocuments } from './http/documents.js';
import { EdgeValidationPipe, type ValidationSettings } from './http/validation.pipe.js';

export interface EdgeSettings extends ValidationSettings, ClientLimitSettings {
  maxBodyBytes: number;
}

/**
 * What main.ts and the e2e tests do to an application made with `createAdapter()`, before `init` or `listen`: hooks
 * first, because body limits and the public documents take effect on routes added after them.
 */
export function setupApp(app: NestFastifyApplication, settings: EdgeSettings): void {
  addEdgeHooks(app, settings.maxBodyBytes, isDocumentPath, new ClientLimits(settings));
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(new EdgeValidationPipe(settings));
  serveDocuments(app);
  app.enableShutdownHooks([ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT], { useProcessExit: true });
}
