import { registerAs, type ConfigType } from '@nestjs/config';
import { IsIn, Max, Min } from 'class-validator';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { lowerCase } from './readers.js';
import { Variable } from './variable.js';

export class EventsVariables {
  @Variable({
    text: 'Which events keep the JSON they came as: those of failures and of unknown types (auto), or all.',
    default: 'auto',
    read: lowerCase,
  })
  @IsIn(['auto', 'all'])
  readonly EVENT_RAW: 'auto' | 'all';

  @Variable({
    text: 'Transient bounces in a row, without a delivery between them, after which an address is suppressed.',
    default: '5',
  })
  @Min(1)
  @Max(1000)
  readonly SOFT_BOUNCE_LIMIT: number;
}

export const eventsConfig = registerAs('events', () => {
  const env = loadedVariables(EventsVariables);
  return deepFreeze({
    raw: env.EVENT_RAW,
    softBounceLimit: env.SOFT_BOUNCE_LIMIT,
  });
});

export type EventsConfig = ConfigType<typeof eventsConfig>;
