import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One message to one recipient. `state` null: as its batch; `batchId` null: the batch whose range holds the id. */
@Entity('emails')
@Index('emails_exceptional_idx', ['state', 'id'], { where: 'state >= 5' })
@Index('emails_address_idx', { synchronize: false })
@Check('emails_state_check', 'state BETWEEN 2 AND 11')
@Check('emails_sent_check', 'state IS NULL OR state NOT IN (3, 4, 5, 6) OR sent_at IS NOT NULL')
@Check('emails_attempts_check', 'attempts >= 0')
@Check('emails_tracking_check', 'tracking BETWEEN 0 AND 3')
export class Email {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'emails_pkey' })
  id: string;

  /** How often a sender has claimed it, less the claims that a throttling provider gave back. */
  @Column({ type: 'smallint', default: 0 })
  attempts: number;

  /** Empty once its person was erased. */
  @Column({ type: 'text' })
  address: string;

  @Column({ type: 'smallint', nullable: true })
  state: number | null;

  @Column({ name: 'batch_id', type: 'uuid', nullable: true })
  batchId: string | null;

  @Column({ name: 'sent_at', type: 'timestamptz', nullable: true })
  sentAt: Date | null;

  @Column({ name: 'provider_message_id', type: 'text', nullable: true })
  providerMessageId: string | null;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  /** One bit per type of event that it has (contracts/event-types.ts). */
  @Column({ type: 'smallint', default: 0 })
  events: number;

  /** What of it is tracked: bit 0 opens, bit 1 clicks; null: as its message. */
  @Column({ type: 'smallint', nullable: true })
  tracking: number | null;

  /** This recipient's own. */
  @Column({ type: 'jsonb', nullable: true })
  variables: Record<string, string> | null;

  /** When a sender claimed it last. */
  @Column({ name: 'claimed_at', type: 'timestamptz', nullable: true })
  claimedAt: Date | null;

  /** When it came to its own state, if that is an end and `sentAt` does not say it. */
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt: Date | null;
}
