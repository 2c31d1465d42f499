import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an operator decided about a topic. A topic that nobody touched has no row. */
@Entity('topics')
export class Topic {
  @PrimaryColumn({ name: 'topic_id', type: 'text', primaryKeyConstraintName: 'topics_pkey' })
  topicId: string;

  /** What was accepted up to this moment is not sent any more. */
  @Column({ name: 'stopped_at', type: 'timestamptz', nullable: true })
  stoppedAt: Date | null;

  /** What is pending is held until the topic is resumed; a held batch is to be claimed at infinity. */
  @Column({ name: 'paused_at', type: 'timestamptz', nullable: true })
  pausedAt: Date | null;

  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  pauseReason: string | null;

  /** The counters at the last resume, as bigint's text: the breaker judges what came after. */
  @Column({ name: 'resumed_sent', type: 'bigint', default: 0 })
  resumedSent: string;

  @Column({ name: 'resumed_bounced', type: 'bigint', default: 0 })
  resumedBounced: string;

  @Column({ name: 'resumed_complained', type: 'bigint', default: 0 })
  resumedComplained: string;
}
