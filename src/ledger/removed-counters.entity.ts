import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What `TopicCounters` hold of emails that are no longer stored. The recount adds it to what it counts. */
@Entity('removed_counters')
export class RemovedCounters {
  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'removed_counters_pkey' })
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
  @Column({ name: 'tracked_delivery', type: 'bigint', default: 0 }) trackedDelivery: string;
}
