import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { setupApp } from '../../src/app.setup.js';
import { serverConfig, type ServerConfig } from '../../src/config/server.config.js';
import { createAdapter } from '../../src/http/adapter.js';
import { createLogger } from '../../src/runtime/logger.js';
import { SnsVerifier } from '../../src/webhooks/sns-verifier.js';

/** The gateway's own module, but that every SNS message is believed: the product has no such setting. */
const module = await Test.createTestingModule({ imports: [AppModule] })
  .overrideProvider(SnsVerifier)
  .useValue({ verify: () => Promise.resolve() })
  .compile();
const app = module.createNestApplication<NestFastifyApplication>(createAdapter());
app.useLogger(createLogger('warn'));
const server = app.get<ServerConfig>(serverConfig.KEY);
setupApp(app, server);
await app.listen(server.port, '127.0.0.1');
