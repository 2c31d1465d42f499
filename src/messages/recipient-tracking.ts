import { TRACKS_CLICKS, TRACKS_OPENS, trackingBits } from '../contracts/tracking-bits.js';
import type { FieldError } from '../runtime/errors.js';

/** The recipient says nothing: as the message. */
export const NO_CHOICE = 0;

/** What a recipient says of its tracking, in a byte: the bits that it sets stand low, and which it sets four bits up. */
const SAID = 4;

const FIELDS = [
  ['track_opens', TRACKS_OPENS],
  ['track_clicks', TRACKS_CLICKS],
] as const;

/** The choice in an element's object form, or what is wrong with it. Null is as absent. */
export function readTrackingChoice(element: object, pointer: string): number | FieldError {
  let choice = NO_CHOICE;
  for (const [name, bit] of FIELDS) {
    const value = (element as Record<string, unknown>)[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'boolean')
      return { pointer: `${pointer}/${name}`, code: 'invalid_type', detail: 'must be true or false' };
    choice |= (bit << SAID) | (value ? bit : 0);
  }
  return choice;
}

/**
 * Bits of contracts/tracking-bits.ts per recipient of a message, null for one that is as its message; null in all where
 * every recipient is.
 */
export function deviatingTracking(
  choices: Uint8Array | null,
  count: number,
  message: { trackOpens: boolean; trackClicks: boolean },
): (number | null)[] | null {
  if (choices === null) return null;
  const asMessage = trackingBits(message.trackOpens, message.trackClicks);
  const deviating = Array.from(choices.subarray(0, count), (choice) => {
    const said = choice >> SAID;
    const bits = (asMessage & ~said) | (choice & said);
    return bits === asMessage ? null : bits;
  });
  return deviating.every((bits) => bits === null) ? null : deviating;
}

/** Whether a recipient asks for its clicks to be tracked. */
export function asksForClicks(choices: Uint8Array | null): boolean {
  return choices?.some((choice) => (choice & TRACKS_CLICKS) !== 0) ?? false;
}
