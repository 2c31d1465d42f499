export class SentCountDto {
  /** Emails that were dispatched for the first time within the period. */
  count: number;

  hours: number;

  /** The full minute at which the period begins. */
  since: Date;
}
