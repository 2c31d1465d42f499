import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What happened to a topic's emails within one minute of the database's clock; after 168 hours, within one hour. */
@Entity('topic_buckets')
@Index('topic_buckets_topic_idx', ['topicId', 'minute'])
@Index('topic_buckets_minutes_idx', ['minute'], { where: `extract(minute FROM minute AT TIME ZONE 'UTC') <> 0` })
export class TopicBucket {
  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'topic_buckets_pkey' })
  minute: Date;

  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'topic_buckets_pkey' })
  topicId: string;

  /** Emails dispatched for the first time. */
  @Column({ type: 'bigint', default: 0 })
  dispatched: string;

  /** Of `dispatched`: those whose batch is no longer stored. Stands in hours alone. */
  @Column({ type: 'bigint', default: 0 })
  removed: string;

  // Distinct emails per type of event, in the minute that it was recorded for the first time.
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
}
