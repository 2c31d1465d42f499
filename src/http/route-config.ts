import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyContextConfig } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without a key; absent means protected. */
    public?: boolean;
    /** The body's limit in bytes; `max` is `MAX_BODY_BYTES`; absent means DEFAULT_BODY_BYTES. */
    bodyLimit?: number | 'max';
    /** The handler is given the bytes of a JSON body, which may also come as `text/plain` or without a type. */
    rawBody?: boolean;
    /** The handler is also given a body of the type `text/csv`, as it arrives (csv-body.ts). */
    csvBody?: boolean;
    /** The handler is given the fields of a form, as which every body is read (form-body.ts). */
    formBody?: boolean;
    /** How a public route bears a flood; absent means that nothing is counted (client-limits.ts). */
    limit?: FloodLimit;
    /** Answered 503 while too much of its kind is in hand (overload.ts). */
    shedsLoad?: boolean;
  }
}

/**
 * Beyond the rate of a client address: `recorded` answers and records nothing, `requests` answers 429; `refusals` answers
 * 429 while too much was refused.
 */
export type FloodLimit = 'recorded' | 'requests' | 'refusals';

/** Nest's `@RouteConfig` replaces what an earlier decorator set; ours are several, so they add. */
export function extendRouteConfig(config: FastifyContextConfig): MethodDecorator {
  return (target, key, descriptor: PropertyDescriptor) => {
    const earlier: unknown = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, descriptor.value as object);
    RouteConfig({ ...(earlier as object | undefined), ...config })(target, key, descriptor);
  };
}

/** Gives the handler the body's bytes, for a sender that signs its content and calls JSON `text/plain`. */
export function RawBody(): MethodDecorator {
  return extendRouteConfig({ rawBody: true });
}

/** Lets a body of the type `text/csv` through to `@CsvBody()`. */
export function TakesCsv(): MethodDecorator {
  return extendRouteConfig({ csvBody: true });
}

/** Every body is a form, for `@FormBody()`. */
export function TakesForm(): MethodDecorator {
  return extendRouteConfig({ formBody: true });
}

/** How large a body this handler takes. */
export function BodyLimit(bytes: number | 'max'): MethodDecorator {
  return extendRouteConfig({ bodyLimit: bytes });
}

/** What becomes of more than a client address may ask of this public handler. */
export function Limited(limit: FloodLimit): MethodDecorator {
  return extendRouteConfig({ limit });
}

/** Answers 503 rather than let more wait than this handler keeps up with. */
export function ShedsLoad(): MethodDecorator {
  return extendRouteConfig({ shedsLoad: true });
}
