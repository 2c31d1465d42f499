import { registerAs, type ConfigType } from '@nestjs/config';
import { IsIn } from 'class-validator';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { lowerCase } from './readers.js';
import { Variable } from './variable.js';

// From the quietest to the most verbose.
const levels = ['error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof levels)[number];

/** `info,sqlx=warn,tower_http=debug` → debug. It was written for another program: what is not a level is no fault. */
function mostVerboseLevel(rustLog: string): LogLevel | null {
  const named = rustLog.split(',').map((directive) => directive.split('=').at(-1)!.trim().toLowerCase());
  return levels.findLast((level) => named.includes(level)) ?? null;
}

export class LogVariables {
  @Variable({ text: 'What is logged, in JSON lines.', otherwise: 'RUST_LOG, else info', read: lowerCase })
  @IsIn(levels)
  readonly LOG_LEVEL: LogLevel | null;

  @Variable({ text: 'Read where LOG_LEVEL is absent: the most verbose level in it.', read: mostVerboseLevel })
  readonly RUST_LOG: LogLevel | null;
}

export const logConfig = registerAs('log', () => {
  const env = loadedVariables(LogVariables);
  return deepFreeze({ level: env.LOG_LEVEL ?? env.RUST_LOG ?? 'info' });
});

export type LogConfig = ConfigType<typeof logConfig>;
