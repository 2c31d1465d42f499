import { hash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { authConfig, type AuthConfig } from '../config/auth.config.js';
import { AppError } from '../runtime/errors.js';

/** Who calls: the name stands on messages, in logs, and before an Idempotency-Key. */
export interface ApiKey {
  readonly name: string;
  readonly readOnly: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the key was found good; undefined on public routes. */
    apiKey?: ApiKey;
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD']);

@Injectable()
export class ApiKeyVerifier {
  constructor(@Inject(authConfig.KEY) private readonly auth: AuthConfig) {}

  /** The key of a request, put on it; throws `unauthorized`, or `forbidden` where a read-only key would write. */
  authenticate(request: FastifyRequest): ApiKey {
    const key = this.find(request);
    if (key === undefined) throw new AppError('unauthorized', 'Send a valid key in the header x-api-key.');
    if (key.readOnly && !SAFE_METHODS.has(request.method)) {
      throw new AppError('forbidden', 'This API key may only read.');
    }
    request.apiKey = key;
    return key;
  }

  /** The key of a request, if it carries a live one, whatever it may do. */
  find(request: FastifyRequest): ApiKey | undefined {
    // Node joins repeated headers by a comma; two keys are refused, not guessed between.
    const given = request.raw.headersDistinct['x-api-key'];
    if (given?.length !== 1) return undefined;
    // Node decodes header bytes as latin1: this gives back the bytes that were sent.
    const digest = hash('sha256', Buffer.from(given[0] ?? '', 'latin1'), 'buffer');
    let found: ApiKey | undefined;
    // No early exit: the time must not tell which key matched, or that one did.
    for (const key of this.auth.keys) {
      if (timingSafeEqual(key.digest, digest)) found = key;
    }
    return found;
  }
}
