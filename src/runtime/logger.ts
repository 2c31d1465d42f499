import { ConsoleLogger, type LogLevel as NestLogLevel } from '@nestjs/common';

type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

const NEST_LEVELS: Readonly<Record<LogLevel, NestLogLevel[]>> = {
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
  trace: ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'],
};

/** JSON lines on standard output. */
export function createLogger(level: LogLevel): ConsoleLogger {
  return new ConsoleLogger({ json: true, compact: true, colors: false, logLevels: NEST_LEVELS[level] });
}
