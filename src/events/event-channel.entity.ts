import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: how far the provider's events have come. */
@Entity('event_channel')
@Check('event_channel_id_check', 'id = 1')
export class EventChannel {
  @PrimaryColumn({ type: 'smallint', default: 1, primaryKeyConstraintName: 'event_channel_pkey' })
  id: number;

  /** An event of a mail that was claimed at this moment, and happened no earlier, has arrived. */
  @Column({ name: 'reported_until', type: 'timestamptz', nullable: true })
  reportedUntil: Date | null;
}
