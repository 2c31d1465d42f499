import { registerAs, type ConfigType } from '@nestjs/config';
import { IsIn, Max, Min } from 'class-validator';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { decimal, lowerCase } from './readers.js';
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

  @Variable({
    text: 'Share of bounces above which a topic pauses itself, from 100 sends on; 0 = never.',
    unit: 'percent',
    default: '5',
    read: decimal,
  })
  @Min(0)
  @Max(100)
  readonly BREAKER_BOUNCE_PERCENT: number;

  @Variable({
    text: 'Share of complaints above which a topic pauses itself, from 1,000 sends on; 0 = never.',
    unit: 'percent',
    default: '0.1',
    read: decimal,
  })
  @Min(0)
  @Max(100)
  readonly BREAKER_COMPLAINT_PERCENT: number;
}

export const eventsConfig = registerAs('events', () => {
  const env = loadedVariables(EventsVariables);
  return deepFreeze({
    raw: env.EVENT_RAW,
    softBounceLimit: env.SOFT_BOUNCE_LIMIT,
    breakerBouncePercent: env.BREAKER_BOUNCE_PERCENT,
    breakerComplaintPercent: env.BREAKER_COMPLAINT_PERCENT,
  });
});

export type EventsConfig = ConfigType<typeof eventsConfig>;
