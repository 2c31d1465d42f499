import { EVENT_TYPES, type EventType } from '../contracts/event-types.js';

/** What is counted beside states: distinct emails per type of event, and of the opens those by a person. */
export const EVENT_COLUMNS = [
  'send',
  'delivery',
  'bounce',
  'complaint',
  'reject',
  'open',
  'click',
  'rendering_failure',
  'delivery_delay',
  'subscription',
  'human_open',
] as const;

export type EventColumn = (typeof EVENT_COLUMNS)[number];

/** The column of a type: the two lists stand in the same order. */
export function columnOf(type: EventType): EventColumn {
  return EVENT_COLUMNS[EVENT_TYPES.indexOf(type)];
}
