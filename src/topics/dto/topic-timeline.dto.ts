import { ApiProperty } from '@nestjs/swagger';
import { EVENT_TYPES, type EventType } from '../../contracts/event-types.js';
import type { TimelineBucket } from '../topics.repository.js';
import { INTERVALS, type Interval, momentsOf, type Period } from '../timeline.js';

/** What was counted for the first time within the bucket: emails, each type of event of an email once. */
export class TimelineBucketDto implements Record<EventType, number> {
  /** When the bucket begins. */
  at: Date;
  /** Emails dispatched for the first time. */
  dispatched: number;
  Send: number;
  Delivery: number;
  Bounce: number;
  Complaint: number;
  Reject: number;
  Open: number;
  Click: number;
  RenderingFailure: number;
  DeliveryDelay: number;
  Subscription: number;
  /** Emails that a person opened for the first time; a program may have opened them before. */
  human_open: number;
}

export class TopicTimelineDto {
  @ApiProperty({ enum: Object.keys(INTERVALS) })
  interval: Interval;

  /** When the first bucket begins. */
  from: Date;

  /** When the last bucket ends. */
  to: Date;

  /** Every bucket of the period, the oldest first; one in which nothing happened has zeros. */
  @ApiProperty({ type: [TimelineBucketDto] })
  data: TimelineBucketDto[];
}

const NOTHING = Object.fromEntries(EVENT_TYPES.map((type) => [type, 0])) as Record<EventType, number>;

export function timelineDto(period: Period, buckets: readonly TimelineBucket[]): TopicTimelineDto {
  const byTime = new Map(buckets.map((bucket) => [bucket.at.getTime(), bucket]));
  const data = momentsOf(period).map((at) => {
    const bucket = byTime.get(at.getTime());
    const { dispatched = 0, events = NOTHING, humanOpens = 0 } = bucket ?? {};
    return { at, dispatched, ...events, human_open: humanOpens };
  });
  return { ...period, data };
}
