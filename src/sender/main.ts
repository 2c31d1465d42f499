import { ShutdownSignal } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { crashConfig, type CrashConfig } from '../config/crash.config.js';
import { exitOnFault } from '../config/exit-on-fault.js';
import { logConfig, type LogConfig } from '../config/log.config.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { armCrashPoint } from '../runtime/crash-point.js';
import { exitHardAfterSignal } from '../runtime/hard-exit.js';
import { createLogger } from '../runtime/logger.js';
import { SenderModule } from './sender.module.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(SenderModule, new FastifyAdapter(), {
    abortOnError: false,
    // Nest would print a start that fails, with its stack and in another form; exitOnFault prints it once.
    logger: false,
  });
  app.useLogger(createLogger(app.get<LogConfig>(logConfig.KEY).level));
  app.enableShutdownHooks([ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT], { useProcessExit: true });
  exitHardAfterSignal();
  armCrashPoint(app.get<CrashConfig>(crashConfig.KEY).at);
  const { metricsPort } = app.get<ServerConfig>(serverConfig.KEY);
  // Without a port there are no probes to answer, and everything else runs.
  if (metricsPort === 0) await app.init();
  else await app.listen(metricsPort, '0.0.0.0');
}

await bootstrap().catch(exitOnFault);
