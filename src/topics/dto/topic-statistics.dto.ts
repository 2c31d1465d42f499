import { ApiProperty } from '@nestjs/swagger';

/** A partition of `total`, in the words of the service that this one replaces. */
export class TopicRequestDto {
  total: number;
  /** Accepted and not yet in the stream. */
  created: number;
  /** Always 0; kept for clients that read it. */
  processing: number;
  /** Dispatched and everything after it. */
  sent: number;
  failed: number;
  /** Stopped, suppressed or expired before it was sent. */
  stopped: number;
}

export class TopicResultDto {
  /** Distinct emails per event type, in SES's words; a type that no email has is not listed. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { Send: 3, Delivery: 2, Bounce: 1, Open: 1 },
  })
  statuses: Record<string, number>;
}

/** To four places; 0 where there is nothing to divide by. */
export class TopicRatesDto {
  /** Of the mail that the provider reports as sent; of all that was dispatched where it reports none. */
  @ApiProperty({ example: 0.6667 })
  delivery: number;

  /** Of the same. */
  @ApiProperty({ example: 0.3333 })
  bounce: number;

  /** Of the same. */
  @ApiProperty({ example: 0 })
  complaint: number;

  /** Of the delivered mail that carries a pixel. */
  @ApiProperty({ example: 0.5 })
  open: number;
}

/** Emails opened, each once. */
export class TopicOpensDto {
  /** Opened by a person at least once. */
  human: number;

  /** Opened by programs alone. */
  machine: number;
}

export class TopicStatisticsDto {
  /** The empty string is the topic of mail that named none. */
  @ApiProperty({ example: 'newsletter-2024' })
  topic_id: string;

  request: TopicRequestDto;

  result: TopicResultDto;

  /** Adds up to `request.total` at every read. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { pending: 0, dispatched: 1, sending: 0, sent: 2 },
  })
  states: Record<string, number>;

  rates: TopicRatesDto;

  opens: TopicOpensDto;

  /** Since when the topic is paused. */
  @ApiProperty({ type: Date, nullable: true, example: null })
  paused: Date | null;

  /** Why, where it paused by itself: too many bounces or complaints. */
  @ApiProperty({ type: String, nullable: true, example: null })
  pause_reason: string | null;

  /** When all of it will have been sent, by rate and quota; null when nothing waits or nobody can know. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  expected_finish_at: string | null;
}
