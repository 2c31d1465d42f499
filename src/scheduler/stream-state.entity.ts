import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was last known of a stream, so that one that was made anew or went back is noticed. */
@Entity('stream_state')
export class StreamState {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'stream_state_pkey' })
  stream: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** Of the last message that it ever took. */
  @Column({ name: 'last_sequence', type: 'bigint' })
  lastSequence: string;

  /** What was dispatched until then may be lost; null once all of it has been looked at. */
  @Column({ name: 'suspected_until', type: 'timestamptz', nullable: true })
  suspectedUntil: Date | null;
}
