import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How many emails of a topic are in each state. The CHECK makes the sum hold at every commit. */
@Entity('topic_counters')
@Check(
  'topic_counters_sum_check',
  'total = pending + dispatched + sending + sent + delivered + bounced + complained + failed + stopped + suppressed + expired + uncertain',
)
export class TopicCounters {
  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'topic_counters_pkey' })
  topicId: string;

  @Column({ type: 'bigint', default: 0 }) total: string;
  @Column({ type: 'bigint', default: 0 }) pending: string;
  @Column({ type: 'bigint', default: 0 }) dispatched: string;
  @Column({ type: 'bigint', default: 0 }) sending: string;
  @Column({ type: 'bigint', default: 0 }) sent: string;
  @Column({ type: 'bigint', default: 0 }) delivered: string;
  @Column({ type: 'bigint', default: 0 }) bounced: string;
  @Column({ type: 'bigint', default: 0 }) complained: string;
  @Column({ type: 'bigint', default: 0 }) failed: string;
  @Column({ type: 'bigint', default: 0 }) stopped: string;
  @Column({ type: 'bigint', default: 0 }) suppressed: string;
  @Column({ type: 'bigint', default: 0 }) expired: string;
  @Column({ type: 'bigint', default: 0 }) uncertain: string;
}
