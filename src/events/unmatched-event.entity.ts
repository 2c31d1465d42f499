import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A signed event whose email is not known yet, or is in a dispatcher's hands: tried again for seven days. */
@Entity('unmatched_events')
export class UnmatchedEvent {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'unmatched_events_pkey' })
  id: string;

  @Column({ type: 'jsonb' })
  event: object;

  @Column({ name: 'received_at', type: 'timestamptz', default: () => 'now()' })
  receivedAt: Date;

  @Index('unmatched_events_retry_at_idx')
  @Column({ name: 'retry_at', type: 'timestamptz', default: () => 'now()' })
  retryAt: Date;
}
