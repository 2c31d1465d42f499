import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How many emails of a topic are in each state. The CHECK makes the sum hold at every commit. */
@Entity('topic_counters')
@Index('topic_counters_activity_idx', ['lastActivityAt', 'topicId'])
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

  // Distinct emails per type of event; `humanOpen` is a part of `open`.
  @Column({ type: 'bigint', default: 0 }) send: string;
  @Column({ type: 'bigint', default: 0 }) delivery: string;
  @Column({ type: 'bigint', default: 0 }) bounce: string;
  @Column({ type: 'bigint', default: 0 }) complaint: string;
  @Column({ type: 'bigint', default: 0 }) reject: string;
  @Column({ type: 'bigint', default: 0 }) open: string;
  @Column({ type: 'bigint', default: 0 }) click: string;
  @Column({ name: 'rendering_failure', type: 'bigint', default: 0 }) renderingFailure: string;
  @Column({ name: 'delivery_delay', type: 'bigint', default: 0 }) deliveryDelay: string;
  @Column({ type: 'bigint', default: 0 }) subscription: string;
  @Column({ name: 'human_open', type: 'bigint', default: 0 }) humanOpen: string;
  /** Deliveries of mail that carried a pixel: the denominator of the open rate. */
  @Column({ name: 'tracked_delivery', type: 'bigint', default: 0 }) trackedDelivery: string;

  @Column({ name: 'last_activity_at', type: 'timestamptz', default: () => 'now()' })
  lastActivityAt: Date;
}
