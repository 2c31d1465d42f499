import type { State } from '../contracts/states.js';
import type { TopicStatisticsDto } from './dto/topic-statistics.dto.js';
import type { TopicCounts } from './topics.repository.js';

const SENT: readonly State[] = ['dispatched', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'uncertain'];
const STOPPED: readonly State[] = ['stopped', 'suppressed', 'expired'];

/** A topic's page from its counters. `request` is a partition of the total: each state stands in one of its members. */
export function topicStatistics(topicId: string, { total, states }: TopicCounts): TopicStatisticsDto {
  const sum = (members: readonly State[]) => members.reduce((count, state) => count + states[state], 0);
  return {
    topic_id: topicId,
    request: {
      total,
      created: states.pending,
      processing: 0,
      sent: sum(SENT),
      failed: states.failed,
      stopped: sum(STOPPED),
    },
    result: { statuses: {} },
    states,
    rates: { delivery: 0, bounce: 0, complaint: 0, open: 0 },
    opens: { human: 0, machine: 0 },
    paused: null,
    expected_finish_at: null,
  };
}
