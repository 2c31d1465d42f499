import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What happened to a topic's emails within one minute of the database's clock. */
@Entity('topic_buckets')
export class TopicBucket {
  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'topic_buckets_pkey' })
  minute: Date;

  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'topic_buckets_pkey' })
  topicId: string;

  /** Emails dispatched for the first time. */
  @Column({ type: 'bigint', default: 0 })
  dispatched: string;
}
