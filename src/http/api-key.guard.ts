import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ApiKeyVerifier } from './api-key.verifier.js';
import { IS_PUBLIC } from './public.decorator.js';

/**
 * Denies by default. The Fastify hook has answered anonymous requests before their body was read; this guard does not
 * rely on it, so that an application set up without the hook is still closed.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly verifier: ApiKeyVerifier,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.get<boolean | undefined>(IS_PUBLIC, context.getHandler()) === true) return true;
    this.verifier.authenticate(context.switchToHttp().getRequest<FastifyRequest>());
    return true;
  }
}
