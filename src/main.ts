import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { setupApp } from './app.setup.js';
import { crashConfig, type CrashConfig } from './config/crash.config.js';
import { exitOnFault } from './config/exit-on-fault.js';
import { logConfig, type LogConfig } from './config/log.config.js';
import { serverConfig, type ServerConfig } from './config/server.config.js';
import { createAdapter } from './http/adapter.js';
import { armCrashPoint } from './runtime/crash-point.js';
import { exitHardAfterSignal } from './runtime/hard-exit.js';
import { createLogger } from './runtime/logger.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, createAdapter(), {
    abortOnError: false,
    // Nest would print a start that fails, with its stack and in another form; exitOnFault prints it once.
    logger: false,
  });
  app.useLogger(createLogger(app.get<LogConfig>(logConfig.KEY).level));
  const server = app.get<ServerConfig>(serverConfig.KEY);
  setupApp(app, server);
  exitHardAfterSignal();
  armCrashPoint(app.get<CrashConfig>(crashConfig.KEY).at);
  await app.listen(server.port, '0.0.0.0');
}

await bootstrap().catch(exitOnFault);
