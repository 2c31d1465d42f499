/** Bits of `emails.tracking`: what of an email is tracked. */
export const TRACKS_OPENS = 1;
export const TRACKS_CLICKS = 2;

export function trackingBits(opens: boolean, clicks: boolean): number {
  return (opens ? TRACKS_OPENS : 0) | (clicks ? TRACKS_CLICKS : 0);
}
