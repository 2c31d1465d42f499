import { ConsoleLogger, type LogLevel as NestLogLevel } from '@nestjs/common';
import { requestContext } from './request-context.js';

type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

const NEST_LEVELS: Readonly<Record<LogLevel, NestLogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
  trace: ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'],
};

/** JSON lines on standard output; a line that a request caused carries its `request_id`. */
class JsonLogger extends ConsoleLogger {
  protected override getJsonLogObject(...args: Parameters<ConsoleLogger['getJsonLogObject']>) {
    const request_id = requestContext.getStore()?.requestId;
    return { ...super.getJsonLogObject(...args), ...(request_id && { request_id }) };
  }
}

export function createLogger(level: LogLevel): ConsoleLogger {
  return new JsonLogger({ json: true, compact: true, colors: false, logLevels: NEST_LEVELS[level] });
}
