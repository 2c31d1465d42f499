import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { authConfig } from '../config/auth.config.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeyVerifier } from './api-key.verifier.js';
import { Draining } from './draining.js';

@Global()
@Module({
  imports: [ConfigModule.forFeature(authConfig)],
  providers: [ApiKeyVerifier, Draining, { provide: APP_GUARD, useClass: ApiKeyGuard }],
  exports: [ApiKeyVerifier, Draining],
})
export class HttpModule {}
