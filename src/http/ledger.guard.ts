import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DatabaseService } from '../database/database.service.js';
import { databaseUnavailable } from '../database/translate-error.js';
import { IS_PUBLIC } from './public.decorator.js';

/**
 * Answers 503 for the ledger as long as there is none: before the first connection TypeORM knows no entities and fails in
 * ways of its own, and until the migrations have run tables are missing. Public routes decide for themselves what they
 * answer without it.
 */
@Injectable()
export class LedgerGuard implements CanActivate {
  constructor(
    private readonly database: DatabaseService,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.get<boolean | undefined>(IS_PUBLIC, context.getHandler()) === true) return true;
    if (!this.database.isReady) throw databaseUnavailable();
    return true;
  }
}
