import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { extendRouteConfig } from './route-config.js';

export const IS_PUBLIC = 'http:public';

/** Marks an operation until the OpenAPI document is finished, where it becomes one without security. */
export const PUBLIC_OPERATION = 'x-public';

/**
 * Opens a handler to callers without a key. Everything else asks for one. It stands on handlers, never on classes: the
 * Fastify hook reads it from the very route that the router matched, so no spelling of a URL can be taken for another.
 */
export function Public(): MethodDecorator {
  return applyDecorators(
    SetMetadata(IS_PUBLIC, true),
    extendRouteConfig({ public: true }),
    ApiExtension(PUBLIC_OPERATION, true),
  );
}
