import type { State } from './states.js';

/** Facts about an email in SES's words, in the order of their bits in `emails.events`. Append only. */
export const EVENT_TYPES = [
  'Send',
  'Delivery',
  'Bounce',
  'Complaint',
  'Reject',
  'Open',
  'Click',
  'RenderingFailure',
  'DeliveryDelay',
  'Subscription',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** 0 for a type that is none of ours: such an event is stored, and counts and raises nothing. */
export function bitOf(type: string): number {
  const index = (EVENT_TYPES as readonly string[]).indexOf(type);
  return index < 0 ? 0 : 1 << index;
}

/** Set beside the Open bit once a person opened it; an Open without it was a machine's. */
export const HUMAN_OPEN_BIT = 1 << EVENT_TYPES.length;

/**
 * Events only ever raise an email's state, whatever their order: the highest wins. Reject and RenderingFailure say that
 * SES took the mail and gave it up; that it was delivered after all would be the better evidence. DeliveryDelay and
 * Subscription raise nothing.
 */
const RAISES: readonly { state: State; types: readonly EventType[] }[] = [
  { state: 'complained', types: ['Complaint'] },
  { state: 'bounced', types: ['Bounce'] },
  { state: 'delivered', types: ['Delivery'] },
  { state: 'failed', types: ['Reject', 'RenderingFailure'] },
  { state: 'sent', types: ['Send', 'Open', 'Click'] },
];

const RANKED: readonly State[] = ['sent', 'failed', 'delivered', 'bounced', 'complained'];

/** The state of an email in `state` once it has the events of `bits`: the same, or a higher one. */
export function raisedState(state: State, bits: number): State {
  const raise = RAISES.find(({ types }) => types.some((type) => (bits & bitOf(type)) !== 0));
  return raise && RANKED.indexOf(raise.state) > RANKED.indexOf(state) ? raise.state : state;
}
