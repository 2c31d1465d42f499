import { ShutdownSignal } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { serverConfig, type ServerConfig } from '../../src/config/server.config.js';
import { createLogger } from '../../src/runtime/logger.js';
import { SenderModule } from '../../src/sender/sender.module.js';
import { type Transport, TRANSPORT } from '../../src/sender/transports/transport.js';

/** Takes every mail at once. */
const NOTHING: Transport = {
  name: 'nothing',
  send: ({ id }) => Promise.resolve({ providerMessageId: id }),
  close: () => Promise.resolve(),
};

/** The sender's own module, with a transport that does nothing in place of the configured one. */
const module = await Test.createTestingModule({ imports: [SenderModule] })
  .overrideProvider(TRANSPORT)
  .useValue(NOTHING)
  .compile();
const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
app.useLogger(createLogger('warn'));
app.enableShutdownHooks([ShutdownSignal.SIGTERM], { useProcessExit: true });
await app.listen(app.get<ServerConfig>(serverConfig.KEY).metricsPort, '0.0.0.0');
