import type { EmailEvent } from './email-event.js';
import type { EmailUnderEvents } from './email-under-events.js';
import { FASTEST_PERSON_MS } from './machine-client.js';

/** A person's user agent that was faster than a person. */
function isTooSoon({ isMachine, occurredAt }: EmailEvent, { outAt }: EmailUnderEvents): boolean {
  if (isMachine === true) return false;
  return outAt === null || occurredAt.getTime() - outAt.getTime() < FASTEST_PERSON_MS;
}

/**
 * A fetch of our own pixel or link with its final verdict, which is part of its identity: the first of a person and the
 * first of a machine are two facts, and any further one of either is the same fact again. Other events stay as they are.
 */
export function judged(event: EmailEvent, email: EmailUnderEvents | undefined): EmailEvent {
  if (!event.fetched || !email) return event;
  const tooSoon = isTooSoon(event, email);
  const isMachine = event.isMachine === true || tooSoon;
  return {
    ...event,
    isMachine,
    identity: `${event.identity} ${isMachine ? 'machine' : 'human'}`,
    detail: tooSoon ? { ...event.detail, machine: 'too_soon' } : event.detail,
  };
}
