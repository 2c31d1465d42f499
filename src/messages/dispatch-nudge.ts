/** Tells the dispatchers of all processes that work was committed. Losing a nudge costs time, never an email. */
export abstract class DispatchNudge {
  abstract nudge(): void;
}
