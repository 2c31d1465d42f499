export class StoppedTopicDto {
  /** Emails that will not be sent any more. */
  stopped: number;

  /** Emails that were with the queue or the sender at that moment: our sender refuses them, an external one sends them. */
  in_flight: number;
}
