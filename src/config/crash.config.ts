import { registerAs, type ConfigType } from '@nestjs/config';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { Variable } from './variable.js';

export interface CrashAt {
  point: string;
  count: number;
}

/** The point itself is judged by who knows them all: runtime/crash-point.ts. */
function crashAt(text: string): CrashAt {
  if (process.env.NODE_ENV !== 'test') throw new Error('kills the process, and is for tests alone: NODE_ENV=test');
  const [, point, count] = /^([a-z.]+):([1-9]\d{0,8})$/.exec(text) ?? [];
  if (!point) throw new Error('must be a crash point and the how many-th time of it, such as ingest.commit:1');
  return { point, count: Number(count) };
}

export class CrashVariables {
  @Variable({ text: 'Where the process kills itself.', read: crashAt })
  readonly CRASH_AT: CrashAt | null;
}

export const crashConfig = registerAs('crash', () => deepFreeze({ at: loadedVariables(CrashVariables).CRASH_AT }));

export type CrashConfig = ConfigType<typeof crashConfig>;
