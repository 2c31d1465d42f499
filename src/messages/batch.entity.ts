import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Up to `BATCH_SIZE` emails of one message: the unit that the dispatcher claims. `migrations/` says what each column holds. */
@Entity('batches')
@Index('batches_claim_idx', ['lane', 'claimAt'], { where: 'state = 0' })
@Index('batches_topic_idx', ['topicId'], { where: 'state = 0' })
@Index('batches_state_idx', ['state', 'id'], { where: 'state <> 1' })
@Check('batches_state_check', 'state IN (0, 1, 7, 8, 9, 10)')
@Check('batches_dispatched_check', '(state = 1) = (dispatched_at IS NOT NULL)')
@Check('batches_lease_check', 'lease_owner IS NULL OR state = 0')
@Check('batches_kind_check', '(last_id IS NULL) <> (ids IS NULL)')
@Check('batches_range_check', 'last_id >= id')
@Check('batches_size_check', 'size BETWEEN 0 AND 1000')
@Check('batches_lane_check', 'lane IN (0, 1)')
export class Batch {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'batches_pkey' })
  id: string;

  @Column({ name: 'last_id', type: 'uuid', nullable: true })
  lastId: string | null;

  @Column({ type: 'uuid', array: true, nullable: true })
  ids: string[] | null;

  @Column({ name: 'message_id', type: 'uuid' })
  messageId: string;

  @Column({ name: 'topic_id', type: 'text' })
  topicId: string;

  @Column({ type: 'smallint', default: 0 })
  state: number;

  @Column({ type: 'smallint' })
  lane: number;

  @Column({ type: 'integer' })
  size: number;

  @Column({ type: 'integer', default: 0 })
  generation: number;

  /** None of its emails was dispatched before. */
  @Column({ name: 'is_first', type: 'boolean', default: true })
  isFirst: boolean;

  @Column({ name: 'claim_at', type: 'timestamptz' })
  claimAt: Date;

  @Column({ name: 'lease_owner', type: 'text', nullable: true })
  leaseOwner: string | null;

  @Column({ type: 'integer', default: 0 })
  epoch: number;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError: string | null;

  @Column({ name: 'accepted_at', type: 'timestamptz', default: () => 'now()' })
  acceptedAt: Date;

  @Column({ name: 'dispatched_at', type: 'timestamptz', nullable: true })
  dispatchedAt: Date | null;

  /** Where it is another than the message's. */
  @Column({ name: 'scheduled_at', type: 'timestamptz', nullable: true })
  scheduledAt: Date | null;

  /** The message's; null where it does not expire, or was wanted again after it had. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  /** When it came to its state, if that is an end. */
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt: Date | null;
}
