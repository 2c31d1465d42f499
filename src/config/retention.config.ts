import { registerAs, type ConfigType } from '@nestjs/config';
import { Max, Min } from 'class-validator';
import type { Contradictable, Contradiction } from './contradiction.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { Variable } from './variable.js';

/** A century: more would leave what PostgreSQL's intervals and ids can hold. */
const MOST_DAYS = 36_500;
/** Statistics are kept by minutes for seven days, and counted against the emails of these minutes. */
const FEWEST_EVENT_DAYS = 8;

export class RetentionVariables implements Contradictable {
  @Variable({
    text: "How long a message's subject, content and variables are kept once all its mail is final; 0 = for ever.",
    unit: 'days',
    default: '30',
  })
  @Min(0)
  @Max(MOST_DAYS)
  readonly RETENTION_DAYS: number;

  @Variable({
    text: 'How long emails with their addresses, states and events are kept once final; 0 = for ever. They go with their month.',
    unit: 'days',
    default: '400',
  })
  @Min(0)
  @Max(MOST_DAYS)
  readonly EVENT_RETENTION_DAYS: number;

  contradictions(): Contradiction[] {
    const found: Contradiction[] = [];
    const { RETENTION_DAYS: content, EVENT_RETENTION_DAYS: events } = this;
    if (events !== 0 && events < FEWEST_EVENT_DAYS) {
      found.push({ of: ['EVENT_RETENTION_DAYS'], text: `must be 0 or at least ${FEWEST_EVENT_DAYS}` });
    }
    if (events !== 0 && (content === 0 || content > events)) {
      found.push({
        of: ['RETENTION_DAYS', 'EVENT_RETENTION_DAYS'],
        text: 'content goes with its emails at the latest, so it cannot be kept for longer than they are',
      });
    }
    return found;
  }
}

export const retentionConfig = registerAs('retention', () => {
  const env = loadedVariables(RetentionVariables);
  return deepFreeze({ contentDays: env.RETENTION_DAYS, eventDays: env.EVENT_RETENTION_DAYS });
});

export type RetentionConfig = ConfigType<typeof retentionConfig>;
