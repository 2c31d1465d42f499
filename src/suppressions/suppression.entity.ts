import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export const SUPPRESSION_REASONS = ['bounce', 'complaint', 'soft_bounces', 'unsubscribe', 'manual'] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** An address that nothing is sent to. */
@Entity('suppressions')
@Index('suppressions_created_at_idx', ['createdAt', 'address', 'topicId'])
@Check('suppressions_reason_check', `reason IN ('bounce', 'complaint', 'soft_bounces', 'unsubscribe', 'manual')`)
export class Suppression {
  /** In lower case: compared without case. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'suppressions_pkey' })
  address: string;

  /** Mail of one topic alone; the empty text: all mail. */
  @PrimaryColumn({ name: 'topic_id', type: 'text', default: '', primaryKeyConstraintName: 'suppressions_pkey' })
  topicId: string;

  @Column({ type: 'text' })
  reason: SuppressionReason;

  /** The email whose event it was, or the API key that added it. */
  @Column({ type: 'text' })
  source: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
