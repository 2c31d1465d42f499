import { EVENT_TYPES } from '../contracts/event-types.js';
import type { State } from '../contracts/states.js';
import type { TopicRatesDto, TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import type { TopicCounts } from './topics.repository.js';

const SENT: readonly State[] = ['dispatched', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'uncertain'];
const STOPPED: readonly State[] = ['stopped', 'suppressed', 'expired'];

/** A topic's page from its counters. `request` is a partition of the total: each state stands in one of its members. */
export function topicStatistics(topicId: string, counts: TopicCounts, finishAt?: Date): TopicStatisticsDto {
  const { total, states, events } = counts;
  const sum = (members: readonly State[]) => members.reduce((count, state) => count + states[state], 0);
  const sent = sum(SENT);
  return {
    topic_id: topicId,
    request: {
      total,
      created: states.pending,
      processing: 0,
      sent,
      failed: states.failed,
      stopped: sum(STOPPED),
    },
    result: { statuses: Object.fromEntries(EVENT_TYPES.map((type) => [type, events[type]]).filter(([, n]) => n)) },
    states,
    rates: ratesOf(counts, sent),
    opens: { human: counts.humanOpens, machine: events.Open - counts.humanOpens },
    paused: counts.pausedAt,
    pause_reason: counts.pauseReason,
    expected_finish_at: finishAt?.toISOString() ?? null,
  };
}

/** Over Send; where nobody reports one, as with SMTP, over what was dispatched. */
function ratesOf({ events, trackedDeliveries }: TopicCounts, dispatched: number): TopicRatesDto {
  const sent = events.Send > 0 ? events.Send : dispatched;
  return {
    delivery: rate(events.Delivery, sent),
    bounce: rate(events.Bounce, sent),
    complaint: rate(events.Complaint, sent),
    open: rate(events.Open, trackedDeliveries),
  };
}

/** Four places; 0 without a denominator. */
function rate(count: number, of: number): number {
  return of === 0 ? 0 : Math.round((count / of) * 10_000) / 10_000;
}
