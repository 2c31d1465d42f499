import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { exitOnFault } from '../config/exit-on-fault.js';
import { logConfig, type LogConfig } from '../config/log.config.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { exitHardAfterSignal } from '../runtime/hard-exit.js';
import { createLogger } from '../runtime/logger.js';
import { SenderModule } from './sender.module.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(SenderModule, new FastifyAdapter(), {
    abortOnError: false,
    bufferLogs: true,
  });
  app.useLogger(createLogger(app.get<LogConfig>(logConfig.KEY).level));
  app.enableShutdownHooks();
  const { metricsPort } = app.get<ServerConfig>(serverConfig.KEY);
  // Without a port there are no probes to answer, and everything else runs.
  if (metricsPort === 0) await app.init();
  else await app.listen(metricsPort, '0.0.0.0');
}

exitHardAfterSignal();
await bootstrap().catch(exitOnFault);
