import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeyVerifier } from './api-key.verifier.js';
import { Draining } from './draining.js';

/** The edge of the gateway; the namespaces of the configuration are global. */
@Global()
@Module({
  providers: [ApiKeyVerifier, Draining, { provide: APP_GUARD, useClass: ApiKeyGuard }],
  exports: [ApiKeyVerifier, Draining],
})
export class HttpModule {}
