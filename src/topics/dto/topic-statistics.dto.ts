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
  /** Distinct emails per event type. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: {} })
  statuses: Record<string, number>;
}

export class TopicRatesDto {
  delivery: number;
  bounce: number;
  complaint: number;
  open: number;
}

export class TopicOpensDto {
  human: number;
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
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  paused: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  expected_finish_at: string | null;
}
