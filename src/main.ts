import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { setupApp } from './app.setup.js';
import { exitOnFault } from './config/exit-on-fault.js';
import { logConfig, type LogConfig } from './config/log.config.js';
import { serverConfig, type ServerConfig } from './config/server.config.js';
import { createAdapter } from './http/adapter.js';
import { exitHardAfterSignal } from './runtime/hard-exit.js';
import { createLogger } from './runtime/logger.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, createAdapter(), {
    abortOnError: false,
    bufferLogs: true,
  });
  app.useLogger(createLogger(app.get<LogConfig>(logConfig.KEY).level));
  const server = app.get<ServerConfig>(serverConfig.KEY);
  setupApp(app, server);
  await app.listen(server.port, '0.0.0.0');
}

exitHardAfterSignal();
await bootstrap().catch(exitOnFault);
