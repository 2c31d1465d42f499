import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ApiKeyVerifier } from './api-key.verifier.js';
import { IS_PUBLIC } from './public.decorator.js';

/**
 * Denies by default. The Fastify hook has answered anonymous requests before their body was read, and put the key on
 * the others; this guard looks for it itself where it is not there, so that an application set up without the hook is still closed.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly verifier: ApiKeyVerifier,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.get<boolean | undefined>(IS_PUBLIC, context.getHandler()) === true) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.apiKey === undefined) this.verifier.authenticate(request);
    return true;
  }
}
