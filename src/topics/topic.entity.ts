import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an operator decided about a topic. A topic that nobody touched has no row. */
@Entity('topics')
export class Topic {
  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'topics_pkey' })
  topicId: string;

  /** What was accepted up to this moment is not sent any more. */
  @Column({ name: 'stopped_at', type: 'timestamptz', nullable: true })
  stoppedAt: Date | null;
}
