import { registerAs, type ConfigType } from '@nestjs/config';
import { Max, Min } from 'class-validator';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { Variable } from './variable.js';

export class SchedulerVariables {
  @Variable({
    text: 'Whether this gateway also dispatches due mail; some replicas may serve HTTP alone.',
    unit: 'true, false',
    default: 'true',
  })
  readonly SCHEDULER_ENABLED: boolean;

  @Variable({
    text: 'Time between safety sweeps; not the latency, since due mail starts at once.',
    unit: 'seconds',
    default: '60',
  })
  @Min(1)
  // setInterval takes at most 2^31 - 1 milliseconds; above, it fires at once and for ever.
  @Max(2147483)
  readonly SCHEDULER_INTERVAL: number;

  @Variable({ text: 'Emails of one message that are claimed and published together.', unit: 'emails', default: '1000' })
  @Min(1)
  @Max(1000)
  readonly BATCH_SIZE: number;
}

export const schedulerConfig = registerAs('scheduler', () => {
  const env = loadedVariables(SchedulerVariables);
  return deepFreeze({
    enabled: env.SCHEDULER_ENABLED,
    intervalSeconds: env.SCHEDULER_INTERVAL,
    batchSize: env.BATCH_SIZE,
  });
});

export type SchedulerConfig = ConfigType<typeof schedulerConfig>;
